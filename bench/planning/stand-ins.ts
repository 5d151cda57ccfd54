import type { Accelerator, WeightFormat } from "../../src/planning/catalog/accelerator.ts";
import { isWeightOnly } from "../../src/planning/catalog/accelerator.ts";
import type { Fallback, Resolved } from "../../src/planning/catalog/fallback.ts";
import { findAccelerator, isKnownAccelerator } from "../../src/planning/catalog/find-accelerator.ts";
import { resolveAccelerator } from "../../src/planning/catalog/resolve-accelerator.ts";
import { formatFallbacks } from "../../src/planning/questions/number-format.ts";
import { widen, wideningOf } from "../../src/planning/accuracy/widening.ts";
import type { Judged } from "./score.ts";

/** The accelerator of a row: of the catalog where its name holds one, else the nearest relative, as the product plans it. */
export function acceleratorOf(name: string): Resolved<Accelerator> {
  return isKnownAccelerator(name) ? { value: findAccelerator(name) } : resolveAccelerator(name);
}

/** Whether stand-ins for models and accelerators that the catalog lacks are planned, or their rows left out (for fits). */
export type StandInRule = "planned" | "left out";

/** A row that stand-ins plan, under the rule. */
export function isAdmitted({ standIns }: { readonly standIns: readonly Fallback[] }, rule: StandInRule): boolean {
  return rule === "planned" || standIns.length === 0;
}

/** What a row was planned by, in words; undefined where all of it is of the catalog. */
export function standInWords({ standIns }: { readonly standIns: readonly Fallback[] }): string | undefined {
  if (standIns.length === 0) return undefined;
  return `planned by a stand-in (${standIns.map((each) => `${each.of} not in the catalog`).join(", ")})`;
}

/** A prediction with its interval as wide as the product states it where something stands in for the model, the accelerator or the kernels of a format. */
export function widenJudged(
  judged: Judged,
  standIns: readonly Fallback[],
  job?: { readonly accelerator: Accelerator; readonly precision: WeightFormat },
): Judged {
  const kernels =
    job !== undefined && isWeightOnly(job.precision) ? formatFallbacks(job.accelerator, job.precision) : [];
  if (standIns.length === 0 && kernels.length === 0) return judged;
  return widen(judged, judged.predicted, wideningOf({ kernels, fallbacks: standIns }));
}
