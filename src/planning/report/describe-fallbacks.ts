import type { Fallback } from "../catalog/fallback.ts";
import type { Block } from "./model.ts";

/** What stands in for what the catalog does not have, said before the answer; nothing where it has all. */
export function describeFallbacks(fallbacks: readonly Fallback[]): readonly Block[] {
  return fallbacks.map(({ words }) => ({ kind: "text", text: `Careful: ${words}.` }));
}
