import type { LimitRule } from "./limit-rule.ts";

/** What a gateway must know of limits: the rules in force, and the team of each project. */
export interface LimitTable {
  readonly rules: readonly LimitRule[];
  readonly teams: Readonly<Record<string, string>>;
}
