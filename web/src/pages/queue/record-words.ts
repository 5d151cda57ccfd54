import type { EstimateRecord } from "../../api/explanation.ts";

const scopes: Readonly<Record<string, string>> = {
  queue: "of its queue in its pool",
  pool: "of its pool",
  all: "of all pools",
};

/** How often estimates like these have held: `Of the last 40 p90 estimates of its pool, 36 held.` */
export function recordWords({ scope, made, held, isCorrected }: EstimateRecord): string {
  if (made === 0) return "";
  const which = scopes[scope] ?? "";
  const last = made === 1 ? `The last p90 estimate ${which}` : `Of the last ${made} p90 estimates ${which}, ${held}`;
  const verb = made === 1 && held === 0 ? " did not hold" : " held";
  return `${last}${verb}${isCorrected ? "; these here are corrected by them." : "; too few yet to correct these here by."}`;
}
