import type { WhatIf } from "../advice/align-workload.ts";
import type { Section } from "./model.ts";

/** What the answer would be with one thing changed; no section where nothing was asked. */
export function describeWhatIfs(whatIfs: readonly WhatIf[]): readonly Section[] {
  if (whatIfs.length === 0) return [];
  const items = whatIfs.map(({ change, effect }) => `${change}: ${effect}`);
  return [{ heading: "What if", blocks: [{ kind: "list", items }] }];
}
