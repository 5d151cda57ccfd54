import type { Bytes } from "../../base/units.ts";
import {
  hasEnvironmentEntry,
  type ProcessRow,
  proportionalBytes,
  readProcessTable,
  residentBytes,
  signalProcess,
} from "./process-table.ts";

/**
 * All processes of one task, followed from the first of each member: its session, its descendants, and those that it let go.
 *
 * A descendant that made a session of its own stays known once it was seen; `sweep` also finds those that nobody
 * saw, by the mark that every process of the task inherits in its environment.
 */
export class ProcessGroup {
  readonly #mark: string;
  readonly #known = new Map<number, number>();
  readonly #self = process.pid;

  /** `mark` is a `NAME=value` that only this task's processes have in their environment. */
  constructor(mark: string, first: readonly ProcessRow[]) {
    this.#mark = mark;
    for (const row of first) this.#known.set(row.pid, row.startTicks);
  }

  /** The processes that live now. */
  members(): readonly ProcessRow[] {
    const table = readProcessTable();
    const living = new Map(table.map((row) => [row.pid, row]));
    for (const [pid, startTicks] of this.#known) {
      if (living.get(pid)?.startTicks !== startTicks) this.#known.delete(pid);
    }
    const sessions = new Set([...this.#known.keys()].flatMap((pid) => living.get(pid)?.session ?? []));
    for (let added = 1; added > 0; ) {
      added = 0;
      for (const row of table) {
        if (this.#known.has(row.pid) || row.pid === this.#self) continue;
        if (!this.#known.has(row.parent) && !sessions.has(row.session)) continue;
        this.#known.set(row.pid, row.startTicks);
        added += 1;
      }
    }
    return table.filter((row) => this.#known.has(row.pid));
  }

  /** Like `members`, with those found by the mark. */
  sweep(): readonly ProcessRow[] {
    for (const row of readProcessTable()) {
      if (row.pid !== this.#self && !this.#known.has(row.pid) && hasEnvironmentEntry(row.pid, this.#mark)) {
        this.#known.set(row.pid, row.startTicks);
      }
    }
    return this.members();
  }

  /** Sends a signal to every process. */
  signal(signal: NodeJS.Signals): void {
    for (const row of this.sweep()) signalProcess(row.pid, signal);
  }

  /** Memory that the processes hold together. Counts shared pages once where that decides whether `limit` holds. */
  memory(limit: Bytes | null): Bytes {
    const members = this.members();
    const resident = members.reduce((sum, row) => sum + residentBytes(row.pid), 0);
    if (limit === null || resident <= limit || members.length === 1) return resident;
    return members.reduce((sum, row) => sum + proportionalBytes(row.pid), 0);
  }
}
