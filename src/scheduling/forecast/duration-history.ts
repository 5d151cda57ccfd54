import type { Millis } from "../../base/clock.ts";
import type { DurationForecast } from "../engine/model.ts";

/** A run that has ended by itself or at its limit. Leave out what was cancelled or evicted: it tells nothing of its length. */
export interface EndedRun {
  /** As the item was named: `TrainingJob/llama-pretrain-7`. */
  readonly name: string;
  readonly queue: string;
  readonly ranMs: Millis;
}

/** Of how many runs of one sort the durations are kept; the oldest go first. */
const runsKept = 50;
/** With fewer runs of one sort, the next wider sort is asked. */
const runsMin = 3;
/** How many sorts of runs are remembered; the one that is fed least lately goes first. */
const sortsMax = 20_000;

/** All runs, whoever's. */
const everybody = "*";

/**
 * How long runs took, by name and queue, to tell how long the next one takes.
 *
 * As QSSF (Hu et al., SC'21, "Characterization and Prediction of Deep Learning Workloads"), but with quantiles in place
 * of means: similar runs are those of the same queue whose names differ in numbers alone; where there are too few, all
 * of the queue; else all. Feeding one costs the runs that are kept.
 */
export class DurationHistory {
  readonly #durations = new Map<string, readonly Millis[]>();

  /** Counts a run that has ended; without effect for one that took no time. */
  add({ name, queue, ranMs }: EndedRun): void {
    if (!(ranMs > 0) || !Number.isFinite(ranMs)) return;
    for (const sort of sortsOf(name, queue)) {
      const durations = [...(this.#durations.get(sort) ?? []), ranMs].slice(-runsKept);
      this.#durations.delete(sort);
      this.#durations.set(sort, durations);
    }
    while (this.#durations.size > sortsMax) {
      const [oldest] = this.#durations.keys();
      if (oldest !== undefined) this.#durations.delete(oldest);
    }
  }

  /** How long the next run of this name takes; null while too little is known of anybody's. */
  forecast({ name, queue }: Pick<EndedRun, "name" | "queue">): DurationForecast | null {
    for (const sort of sortsOf(name, queue)) {
      const durations = this.#durations.get(sort);
      if (durations === undefined || durations.length < runsMin) continue;
      const sorted = durations.toSorted((left, right) => left - right);
      return { p50Ms: quantile(sorted, 0.5), p90Ms: quantile(sorted, 0.9) };
    }
    return null;
  }

  /** Everything it knows, as plain data. */
  save(): Readonly<Record<string, readonly Millis[]>> {
    return Object.fromEntries(this.#durations);
  }

  /** A history that knows what was saved. */
  static restore(saved: Readonly<Record<string, readonly Millis[]>>): DurationHistory {
    const history = new DurationHistory();
    for (const [sort, durations] of Object.entries(saved)) history.#durations.set(sort, durations.slice(-runsKept));
    return history;
  }
}

/** The narrowest sort first. */
function sortsOf(name: string, queue: string): readonly string[] {
  return [`${queue} ${stemOf(name)}`, queue, everybody];
}

/** A name without what tells one try from the next: numbers and hexadecimal ids. */
function stemOf(name: string): string {
  return name.replaceAll(/[0-9a-f]{8,}|\d+/g, "#");
}

/**
 * The smallest of the sorted values that the next one stays at or below with at least this probability, if they are
 * exchangeable; the largest where there are too few to say.
 */
function quantile(sorted: readonly number[], probability: number): number {
  const rank = Math.ceil(probability * (sorted.length + 1));
  return sorted[Math.min(sorted.length, rank) - 1] ?? 0;
}
