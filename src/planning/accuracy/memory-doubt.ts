import { eightyPercent, normalBelow } from "../capacity/normal-distribution.ts";
import type { Fallback, MemoryGuess } from "../catalog/fallback.ts";
import { type Widening, widenedWidth } from "./widening.ts";

/** Why a need of memory, and what there is of it, is less sure than where everything was measured. */
export interface MemoryDoubt extends Required<MemoryGuess> {
  /** Multiplies the spread of measured needs. */
  readonly factor: number;
  readonly reasons: readonly string[];
}

/** Which part of a need each guess bears on; shares of 1. */
export type NeedShares = Readonly<Record<"weights" | "cache" | "activations", number>>;

/** No measured row has the model: errors with a model left out grew by up to a quarter (docs/benchmarks/planning.md). */
const ownModelWidening = 1.25;

/** Nothing is guessed, and rows were measured with the model. */
export const noDoubt: MemoryDoubt = { factor: 1, capacity: 0, weights: 0, cache: 0, activations: 0, reasons: [] };

/**
 * What the memory of an answer rests on besides what was measured: independent guesses add as such do.
 *
 * @param ownModel the name of a model whose shape was given.
 */
export function memoryDoubtOf(ownModel: string | undefined, standIns: readonly Fallback[]): MemoryDoubt {
  const all = (of: keyof MemoryGuess): number => Math.hypot(...standIns.map(({ memory }) => memory[of] ?? 0));
  const isStrange = ownModel !== undefined || standIns.some((each) => each.of === "model");
  return {
    factor: isStrange ? ownModelWidening : 1,
    capacity: all("capacity"),
    weights: all("weights"),
    cache: all("cache"),
    activations: all("activations"),
    reasons: [
      ...standIns.filter(({ memory }) => Object.keys(memory).length > 0).map(({ reason }) => reason),
      ...(ownModel === undefined ? [] : [`no measured row has the model "${ownModel}", whose shape was given`]),
    ],
  };
}

/** How much wider the interval of a need is that consists of such parts. */
export function needWidening(doubt: MemoryDoubt, shares: NeedShares): Widening {
  const { factor, reasons, weights, cache, activations } = doubt;
  const guessed = Math.hypot(weights * shares.weights, cache * shares.cache, activations * shares.activations);
  return { factor, guessed, reasons: factor > 1 || guessed > 0 ? reasons : [] };
}

/**
 * The chance that a need fits. The less is known of either, the nearer it comes to one half.
 *
 * @param room memory that there is over the likeliest need.
 * @param width half of the measured 80 % interval of the need, as a logarithm, and how much wider it is.
 */
export function chanceOfFitting(
  room: number,
  width: number,
  widening: Widening,
  { capacity }: Pick<MemoryDoubt, "capacity">,
): number {
  if (room <= 0) return 0;
  return normalBelow((eightyPercent * Math.log(room)) / Math.hypot(widenedWidth(width, widening), capacity));
}

/** What a chance of fitting rests on, and why it is less sure than usual. */
export function tellDoubts(basis: string, { reasons }: MemoryDoubt): string {
  return reasons.length === 0 ? basis : `${basis}; less sure here: ${reasons.join("; ")}`;
}
