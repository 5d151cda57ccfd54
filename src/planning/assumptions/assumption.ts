import type { Confidence } from "../cost/server-offers.ts";
import { checkUncertain, exactly, type Uncertain } from "./uncertain.ts";

/** A figure that the plan did not give. */
export interface Assumption extends Uncertain {
  /** Where in the plan it would stand. */
  readonly path: string;
  readonly unit: string;
  readonly source: string;
  readonly confidence: Confidence;
}

/** A default with where it comes from. */
export interface Default extends Uncertain {
  readonly unit: string;
  readonly source: string;
  readonly confidence: Confidence;
}

/** A figure as a plan gives it: known, or with its bounds. */
export type Given = number | Uncertain | undefined;

/** Takes figures from a plan or from defaults, and remembers every default that was used. */
export interface Assumptions {
  /** The figure with its bounds. */
  take(path: string, given: Given, fallback: Default): Uncertain;
  /** The likeliest value only, for parts that do not draw. */
  takeOne(path: string, given: number | undefined, fallback: Default): number;
  /** Remembers a choice that is no number, such as a topology. */
  note(path: string, choice: string, source: string): void;
  list(): readonly Assumption[];
  choices(): readonly { readonly path: string; readonly choice: string; readonly source: string }[];
}

/** An empty record of assumptions; a path is remembered once. */
export function recordAssumptions(): Assumptions {
  const used = new Map<string, Assumption>();
  const chosen = new Map<string, { readonly path: string; readonly choice: string; readonly source: string }>();
  const remember = (path: string, fallback: Default): Default => {
    used.set(path, { path, ...fallback });
    return fallback;
  };
  return {
    take(path, given, fallback) {
      if (given === undefined) return remember(path, fallback);
      return checkUncertain(path, typeof given === "number" ? exactly(given) : given);
    },
    takeOne(path, given, fallback) {
      return given ?? remember(path, fallback).mode;
    },
    note(path, choice, source) {
      chosen.set(path, { path, choice, source });
    },
    list: () => [...used.values()],
    choices: () => [...chosen.values()],
  };
}
