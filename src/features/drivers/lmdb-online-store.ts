import { mkdirSync } from "node:fs";
import { open, type RootDatabase } from "lmdb";
import type { Instant, Millis } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { FeatureViewSpec } from "../model.ts";
import { planWindows } from "../online-window.ts";
import type { FeatureRow, FeatureVector, OnlineFeatures } from "../ports.ts";
import { longestWindow } from "../view-columns.ts";
import { batchKey, batchRange, readBatch, readBatchKey, viewPrefix, writeBatch } from "./online-batch.ts";
import { OnlineIndex } from "./online-index.ts";

/** A view that the store serves. */
export interface OnlineView {
  readonly project: string;
  readonly name: string;
  readonly spec: FeatureViewSpec;
}

/** How far behind the newest row a read may ask, beyond the view's longest window: rows older than both go. */
export const lateReadMarginMs: Millis = 2 * 86_400_000;
/** Rows that one append takes. */
export const appendRowsMax = 50_000;
/** Rows that a view holds; at some 150 bytes of memory each. */
const viewRowsMax = 10_000_000;
/** The longest entity and row id, in characters. */
const textLengthMax = 1_024;
/** Beyond it a value in units would not fit 64 bits. */
const unitsMax = 2 ** 62;
/** The most that the store may grow to on disk (address space, not space taken). */
const mapBytesMax = 64 * 1024 ** 3;

/** A batch on disk, as far as expiry needs to know it. */
interface StoredBatch {
  readonly number: number;
  readonly newest: Instant;
}

/** One view's part of the store; its rows are read from disk when it is first asked for. */
interface ViewState {
  readonly prefix: Buffer;
  spec: FeatureViewSpec;
  readonly retentionMs: Millis;
  index: OnlineIndex | null;
  batches: StoredBatch[];
  nextNumber: number;
  /** Counts the writes that failed. */
  failures: number;
  /** Settles when everything written so far is on disk. */
  written: Promise<unknown>;
}

/**
 * Online features in LMDB, beside the gateway.
 *
 * An append is one stored value: durable when it resolves, cheap whatever the entities. Memory holds, per entity,
 * running totals that answer reads in microseconds, and the ids that were seen, so that a row sent twice counts once.
 * Both are rebuilt from disk when a view is first used, and both forget rows that no window can reach: those known
 * longer ago than the view's longest window and a margin, counted from the newest row.
 */
export class LmdbOnlineStore implements OnlineFeatures {
  readonly #root: RootDatabase<Buffer, Buffer>;
  #views = new Map<string, ViewState>();

  constructor(folder: string, views: readonly OnlineView[]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Without overlapping sync a commit is on disk when it resolves.
    this.#root = open<Buffer, Buffer>({
      path: folder,
      mapSize: mapBytesMax,
      overlappingSync: false,
      // With batches by event turn, lmdb keeps a promise of its own whose rejection nobody can handle: a full disk
      // would end the process.
      eventTurnBatching: false,
      encoding: "binary",
      keyEncoding: "binary",
    });
    this.setViews(views);
  }

  /** Serves exactly these views from now on. A view whose meaning changed starts without rows: `newest` is null. */
  setViews(views: readonly OnlineView[]): void {
    const before = this.#views;
    this.#views = new Map();
    for (const { project, name, spec } of views) {
      const prefix = viewPrefix(project, name, spec);
      const known = before.get(viewKey(project, name));
      if (known?.prefix.equals(prefix) === true) {
        known.spec = spec;
        known.index?.setPlan(planWindows(spec));
        this.#views.set(viewKey(project, name), known);
      } else {
        const retentionMs = longestWindow(spec) + lateReadMarginMs;
        const written = Promise.resolve();
        this.#views.set(viewKey(project, name), {
          prefix,
          spec,
          retentionMs,
          index: null,
          batches: [],
          nextNumber: 0,
          failures: 0,
          written,
        });
      }
    }
  }

  /** Removes from disk what views left that are no longer served, or that changed. */
  async forgetOtherViews(): Promise<void> {
    const kept = new Set([...this.#views.values()].map((state) => state.prefix.toString("hex")));
    const others = [...this.#root.getKeys()]
      .map((key) => Buffer.from(key))
      .filter((key) => !kept.has(readBatchKey(key).prefix.toString("hex")));
    await Promise.all(others.map(async (key) => await this.#root.remove(key)));
  }

  read(project: string, view: string, entity: readonly string[], at: Instant): FeatureVector {
    return this.#indexOf(this.#state(project, view)).read(entity, at);
  }

  newest(project: string, view: string): Instant | null {
    return this.#indexOf(this.#state(project, view)).newest;
  }

  /** @throws {Fault} `features.view-missing`, `features.row-invalid`, `features.store-failed`. */
  async append(project: string, view: string, rows: readonly FeatureRow[]): Promise<void> {
    const state = this.#state(project, view);
    const index = this.#indexOf(state);
    checkRows(state.spec, rows, index);
    const newest = rows.reduce(
      (latest, row) => Math.max(latest, row.knownAt),
      index.newest ?? Number.NEGATIVE_INFINITY,
    );
    const horizon = newest - state.retentionMs;
    // Ids are taken before the write, so that two appends of one id at once write it once.
    const added = rows.filter((row) => row.knownAt >= horizon && index.takeId(row.id));
    const { failures } = state;
    try {
      await this.#write(state, added);
    } catch (error) {
      state.failures += 1;
      for (const row of added) index.releaseId(row.id);
      throw await toStoreFault(error);
    }
    for (const row of added) index.insert(row);
    if (added.length < rows.length && state.failures > failures) {
      throw await toStoreFault("another append that held some of these rows failed meanwhile");
    }
    index.forgetBefore(horizon, rows.length);
    await this.#expire(state, index, horizon);
  }

  /** Closes the files once pending writes are done. */
  async close(): Promise<void> {
    await this.#root.close();
  }

  async #write(state: ViewState, added: readonly FeatureRow[]): Promise<void> {
    const earlier = state.written;
    if (added.length > 0) {
      const number = state.nextNumber;
      state.nextNumber += 1;
      const written = this.#root.put(batchKey(state.prefix, number), writeBatch(added));
      state.written = Promise.allSettled([earlier, written]);
      await written;
      state.batches.push({ number, newest: newestOf(added) });
    }
    // Rows that another append brought count as written only once that append's are.
    await earlier;
  }

  /** Removes batches that lie whole behind the horizon, and forgets their ids. */
  async #expire(state: ViewState, index: OnlineIndex, horizon: Instant): Promise<void> {
    const expired = state.batches.filter((batch) => batch.newest < horizon);
    if (expired.length === 0) return;
    state.batches = state.batches.filter((batch) => batch.newest >= horizon);
    for (const { number } of expired) {
      const content = this.#root.get(batchKey(state.prefix, number));
      if (content !== undefined) for (const row of readBatch(content)) index.releaseId(row.id);
    }
    await Promise.all(expired.map(async ({ number }) => await this.#root.remove(batchKey(state.prefix, number))));
  }

  #state(project: string, view: string): ViewState {
    const state = this.#views.get(viewKey(project, view));
    if (state !== undefined) return state;
    throw new Fault("features.view-missing", `there is no feature view ${view} in project ${project}; apply it first`, {
      details: { project, view },
    });
  }

  #indexOf(state: ViewState): OnlineIndex {
    if (state.index !== null) return state.index;
    const index = new OnlineIndex(planWindows(state.spec));
    for (const { key, value } of this.#root.getRange(batchRange(state.prefix))) {
      const { number } = readBatchKey(Buffer.from(key));
      const rows = readBatch(value);
      for (const row of rows) if (index.takeId(row.id)) index.insert(row);
      state.batches.push({ number, newest: newestOf(rows) });
      state.nextNumber = number + 1;
    }
    state.index = index;
    return index;
  }
}

/** This module's address, in the source tree and in the package: a thread loads the store by it. */
export const onlineStoreModule: string = import.meta.url;

/** Opens the store in a folder of its own, made if absent. One process may use it at a time. */
export function openLmdbOnlineStore(folder: string, views: readonly OnlineView[]): LmdbOnlineStore {
  return new LmdbOnlineStore(folder, views);
}

function newestOf(rows: readonly FeatureRow[]): Instant {
  return rows.reduce((latest, row) => Math.max(latest, row.knownAt), Number.NEGATIVE_INFINITY);
}

function checkRows(spec: FeatureViewSpec, rows: readonly FeatureRow[], index: OnlineIndex): void {
  if (rows.length > appendRowsMax) {
    throw new Fault(
      "features.row-invalid",
      `one append takes at most ${appendRowsMax} rows; this has ${rows.length}: send them in parts`,
    );
  }
  if (index.size + rows.length > viewRowsMax) {
    throw new Fault(
      "features.row-invalid",
      `a view holds at most ${viewRowsMax} rows at once; shorten its longest window`,
    );
  }
  for (const row of rows) {
    const problem = problemOf(spec, index.columns, row);
    if (problem !== undefined)
      throw new Fault("features.row-invalid", `row ${row.id.slice(0, 100)}: ${problem}`, { details: { id: row.id } });
  }
}

function problemOf(spec: FeatureViewSpec, columns: number, row: FeatureRow): string | undefined {
  if (row.id.length === 0 || row.id.length > textLengthMax) return `an id has 1 to ${textLengthMax} characters`;
  if (!Number.isSafeInteger(row.knownAt)) return `knownAt must be whole milliseconds since 1970 and is ${row.knownAt}`;
  if (row.entity.length !== spec.entity.length)
    return `the entity is (${spec.entity.join(", ")}) and ${row.entity.length} values were given`;
  if (row.entity.some((part) => part.length > textLengthMax))
    return `a part of an entity has at most ${textLengthMax} characters`;
  if (row.values.length !== columns) return `${columns} values are needed and ${row.values.length} were given`;
  const scale = 10 ** spec.decimals;
  const tooLarge = row.values.find(
    (value) => value !== null && Number.isFinite(value) && Math.abs(value * scale) > unitsMax,
  );
  return tooLarge === undefined
    ? undefined
    : `the value ${tooLarge} is too large for ${spec.decimals} decimals; lower the view's decimals`;
}

function viewKey(project: string, view: string): string {
  return `${project}/${view}`;
}

/** lmdb rejects a write with an error whose `commitError` is a promise that rejects with the reason. */
async function toStoreFault(error: unknown): Promise<Fault> {
  let cause = error;
  if (error instanceof Error && "commitError" in error) {
    try {
      await error.commitError;
    } catch (reason) {
      cause = reason;
    }
  }
  return new Fault(
    "features.store-failed",
    `the online store could not write (${String(cause)}); free disk space if it is full, then send the rows again`,
    { cause },
  );
}
