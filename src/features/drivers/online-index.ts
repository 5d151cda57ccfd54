import type { Instant } from "../../base/clock.ts";
import {
  dropKnownBefore,
  emptyHistory,
  type EntityHistory,
  insertRow,
  readWindows,
  type WindowPlan,
} from "../online-window.ts";
import type { FeatureRow, FeatureVector } from "../ports.ts";

/** Entities whose expired rows one append looks for: some always, and more the more rows came. */
const sweptMin = 16;
const rowsPerSwept = 4;

/** One view's rows in memory: per entity their running totals, and the ids that were seen. */
export class OnlineIndex {
  #plan: WindowPlan;
  readonly #entities = new Map<string, EntityHistory>();
  readonly #ids = new Set<string>();
  #newest: Instant | null = null;
  #sweep: Iterator<[string, EntityHistory]> | null = null;

  constructor(plan: WindowPlan) {
    this.#plan = plan;
  }

  get newest(): Instant | null {
    return this.#newest;
  }

  /** How many ids are remembered. */
  get size(): number {
    return this.#ids.size;
  }

  /** How many values each row has. */
  get columns(): number {
    return this.#plan.columns;
  }

  /** The same rows, read as other features. */
  setPlan(plan: WindowPlan): void {
    this.#plan = plan;
  }

  read(entity: readonly string[], at: Instant): FeatureVector {
    return readWindows(this.#plan, this.#entities.get(keyOf(entity)), at);
  }

  /** Remembers an id; false when it was known already. */
  takeId(id: string): boolean {
    const before = this.#ids.size;
    return this.#ids.add(id).size > before;
  }

  releaseId(id: string): void {
    this.#ids.delete(id);
  }

  insert(row: FeatureRow): void {
    const key = keyOf(row.entity);
    let history = this.#entities.get(key);
    if (history === undefined) {
      history = emptyHistory(this.#plan.columns);
      this.#entities.set(key, history);
    }
    insertRow(history, row.knownAt, row.values, this.#plan.scale);
    if (this.#newest === null || row.knownAt > this.#newest) this.#newest = row.knownAt;
  }

  /** Drops expired rows of the next few entities in a round of all; the more rows came, the more entities. */
  forgetBefore(horizon: Instant, rows: number): void {
    const swept = Math.min(this.#entities.size, sweptMin + Math.ceil(rows / rowsPerSwept));
    for (let count = 0; count < swept; count += 1) {
      this.#sweep ??= this.#entities.entries();
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = null;
        continue;
      }
      const [key, history] = next.value;
      dropKnownBefore(history, horizon);
      if (history.length === 0) this.#entities.delete(key);
    }
  }
}

/** An entity's columns as one text that no other entity has. */
function keyOf(entity: readonly string[]): string {
  return JSON.stringify(entity);
}
