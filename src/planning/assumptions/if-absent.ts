import type { Default } from "./assumption.ts";

/** What is assumed of a field that a plan leaves out, for its description: the likeliest value, with the bounds where they are drawn from. */
export function ifAbsent({ low, mode, high }: Default, draws: "one" | "drawn" = "one"): string {
  return `${mode}${draws === "drawn" && low < high ? ` (${low} to ${high})` : ""} if absent.`;
}
