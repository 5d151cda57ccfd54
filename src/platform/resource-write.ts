import { setImmediate } from "node:timers/promises";
import { type Kysely, sql } from "kysely";
import { writeEntry } from "./event-log.ts";
import { LogBell } from "./log-bell.ts";
import type { Lease } from "./controller.ts";
import type { EventEntry } from "./event.ts";
import type { Resource } from "./resource.ts";
import type { PlatformTables } from "./tables.ts";

/** One change of one resource and the event that records it. */
export interface ResourceWrite {
  readonly operation: "insert" | "update" | "delete";
  /** The row as it shall be (for a delete: as it was). */
  readonly resource: Resource;
  /** The stored version that the change was decided on; ignored by an insert. */
  readonly expectedVersion: number;
  /** When given, the write passes only while this lease is held. */
  readonly lease: Lease | null;
  readonly entry: EventEntry;
}

/** `written`, or why not: the stored version (or existence) differs, or the lease is gone. */
export type WriteOutcome = "written" | "conflict" | "lease-lost";

/** The most writes that share one statement, and so one commit. */
const batchMax = 200;

interface PendingWrite {
  readonly write: ResourceWrite;
  readonly resolve: (outcome: WriteOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes resources with their events, one statement a batch: what arrives while a batch is on its way goes out
 * together in the next one, so that many clients share the cost of a commit and a lone one waits for nothing.
 */
export class ResourceWriter {
  readonly #database: Kysely<PlatformTables>;
  readonly #bell: LogBell;
  readonly #pending: PendingWrite[] = [];
  #isWriting = false;

  constructor(database: Kysely<PlatformTables>) {
    this.#database = database;
    this.#bell = new LogBell(database);
  }

  /** Resolves once the write is durable, or refused. */
  write(write: ResourceWrite): Promise<WriteOutcome> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ write, resolve, reject });
      if (!this.#isWriting) this.#drain().catch(reject);
    });
  }

  async #drain(): Promise<void> {
    this.#isWriting = true;
    while (this.#pending.length > 0) {
      // Requests that came in together are still being read: they share the batch.
      await setImmediate();
      const batch = takeBatch(this.#pending);
      try {
        const outcomes = await writeBatch(
          this.#database,
          batch.map((item) => item.write),
        );
        batch.forEach((item, index) => item.resolve(outcomes[index] ?? "conflict"));
        if (outcomes.includes("written")) this.#bell.ring();
      } catch (error) {
        for (const item of batch) item.reject(error);
      }
    }
    this.#isWriting = false;
  }
}

/** Takes from the front; a second write to one resource waits for the next batch. */
function takeBatch(pending: PendingWrite[]): readonly PendingWrite[] {
  const batch: PendingWrite[] = [];
  const seen = new Set<string>();
  const kept: PendingWrite[] = [];
  for (const item of pending.splice(0)) {
    const key = lockKey(item.write);
    if (batch.length >= batchMax || seen.has(key)) kept.push(item);
    else {
      seen.add(key);
      batch.push(item);
    }
  }
  pending.push(...kept);
  // One order for everybody: two processes that write the same resources wait for each other, and never in a circle.
  return batch.toSorted((left, right) => (lockKey(left.write) < lockKey(right.write) ? -1 : 1));
}

function lockKey({ resource }: ResourceWrite): string {
  return `${resource.kind}/${resource.project ?? ""}/${resource.name}`;
}

async function writeBatch(
  database: Kysely<PlatformTables>,
  writes: readonly ResourceWrite[],
): Promise<readonly WriteOutcome[]> {
  const input = JSON.stringify(
    writes.map((write) => ({
      operation: write.operation,
      ...toRow(write.resource),
      expected: write.expectedVersion,
      entry: writeEntry(write.entry),
      lease_controller: write.lease?.controller ?? null,
      lease_key: write.lease?.key ?? null,
      lease_attempt: write.lease?.attempt ?? null,
    })),
  );
  const { rows } = await sql<{ outcomes: readonly WriteOutcome[] }>`
    select write_resources(${input}::jsonb) as outcomes`.execute(database);
  return rows[0]?.outcomes ?? [];
}

function toRow(resource: Resource): Record<string, unknown> {
  return {
    uid: resource.uid,
    kind: resource.kind,
    project: resource.project ?? "",
    name: resource.name,
    labels: resource.labels,
    spec: resource.spec,
    status: resource.status,
    generation: resource.generation,
    version: resource.version,
    created_at: resource.createdAt,
    updated_at: resource.updatedAt,
    deleting_since: resource.deletingSince,
  };
}
