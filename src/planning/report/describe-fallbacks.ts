import type { Fallback } from "../catalog/fallback.ts";
import type { Block } from "./model.ts";

/** What stands in for what the catalog does not have, and what speaks against the question, said before the answer. */
export function describeFallbacks(fallbacks: readonly Fallback[], cautions: readonly string[] = []): readonly Block[] {
  const all = [...fallbacks.map(({ words }) => words), ...cautions];
  return all.map((words) => ({ kind: "text", text: `Careful: ${words}.` }));
}
