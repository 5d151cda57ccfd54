import type { ShadowTally as PairSums } from "../rollout.ts";
import type { TrafficWindow } from "./traffic-tally.ts";

/** How the answer to a copy compares with the one that the caller got. */
export type ShadowPair =
  /** The copy failed, or was answered with an error. */
  | { readonly kind: "failed" }
  /** The copy was not sent: too many were under way. */
  | { readonly kind: "dropped" }
  | {
      readonly kind: "numbers";
      readonly meanDifference: number;
      readonly maxDifference: number;
      /** Whether both choose the same class in every row. */
      readonly agrees: boolean;
    }
  | {
      readonly kind: "text";
      readonly isExact: boolean;
      /** Natural logarithm of the copy's length over the original's. */
      readonly logLengthRatio: number;
      readonly sameFinish: boolean;
    };

/** What a version showed as a shadow since the last report; all numbers but the greatest difference are sums. */
export interface ShadowSums
  extends Pick<TrafficWindow, "project" | "deployment" | "versionId" | "revision">,
    PairSums {}

type Subject = Pick<ShadowSums, "project" | "deployment" | "versionId" | "revision">;

/** Sums what shadows showed until it is taken. */
export class ShadowTally {
  #open = new Map<string, ShadowSums>();

  record({ project, deployment, versionId, revision }: Subject, pair: ShadowPair): void {
    const key = `${project}/${deployment}/${versionId}/${revision}`;
    const sums = this.#open.get(key) ?? { project, deployment, versionId, revision, ...noPairs };
    this.#open.set(key, plus(sums, pair));
  }

  /** Takes all that was summed since the last call. */
  take(): readonly ShadowSums[] {
    const taken = [...this.#open.values()];
    this.#open = new Map();
    return taken;
  }
}

/** What a shadow showed that has not seen a request. */
export const noPairs = {
  compared: 0,
  agreed: 0,
  failed: 0,
  dropped: 0,
  differenceSum: 0,
  differenceMax: 0,
  exact: 0,
  logLengthRatioSum: 0,
  sameFinish: 0,
  texts: 0,
} as const;

function plus(sums: ShadowSums, pair: ShadowPair): ShadowSums {
  switch (pair.kind) {
    case "failed":
      return { ...sums, failed: sums.failed + 1 };
    case "dropped":
      return { ...sums, dropped: sums.dropped + 1 };
    case "numbers":
      return {
        ...sums,
        compared: sums.compared + 1,
        agreed: sums.agreed + Number(pair.agrees),
        differenceSum: sums.differenceSum + pair.meanDifference,
        differenceMax: Math.max(sums.differenceMax, pair.maxDifference),
      };
    case "text":
      return {
        ...sums,
        compared: sums.compared + 1,
        agreed: sums.agreed + Number(pair.isExact && pair.sameFinish),
        exact: sums.exact + Number(pair.isExact),
        logLengthRatioSum: sums.logLengthRatioSum + pair.logLengthRatio,
        sameFinish: sums.sameFinish + Number(pair.sameFinish),
        texts: sums.texts + 1,
      };
  }
}

/** Compares probabilities row by row; a class is chosen at one half. */
export function compareNumbers(original: readonly number[], copy: readonly number[]): ShadowPair {
  if (original.length !== copy.length || original.length === 0) return { kind: "failed" };
  const differences = original.map((value, row) => Math.abs(value - (copy[row] ?? Number.NaN)));
  if (differences.some(Number.isNaN)) return { kind: "failed" };
  return {
    kind: "numbers",
    meanDifference: differences.reduce((sum, each) => sum + each, 0) / differences.length,
    maxDifference: differences.reduce((most, each) => Math.max(most, each), 0),
    agrees: original.every((value, row) => value >= 0.5 === (copy[row] ?? 0) >= 0.5),
  };
}
