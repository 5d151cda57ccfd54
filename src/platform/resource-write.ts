import { type Kysely, sql } from "kysely";
import { eventChannel, writeEntry } from "./event-log.ts";
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
  readonly #pending: PendingWrite[] = [];
  #isWriting = false;

  constructor(database: Kysely<PlatformTables>) {
    this.#database = database;
  }

  /** Resolves once the write is durable, or refused. */
  write(write: ResourceWrite): Promise<WriteOutcome> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ write, resolve, reject });
      if (!this.#isWriting) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#isWriting = true;
    while (this.#pending.length > 0) {
      const batch = takeBatch(this.#pending);
      try {
        const outcomes = await writeBatch(
          this.#database,
          batch.map((item) => item.write),
        );
        batch.forEach((item, index) => item.resolve(outcomes[index] ?? "conflict"));
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
    const { kind, project, name } = item.write.resource;
    const key = `${kind}/${project ?? ""}/${name}`;
    if (batch.length >= batchMax || seen.has(key)) kept.push(item);
    else {
      seen.add(key);
      batch.push(item);
    }
  }
  pending.push(...kept);
  return batch;
}

async function writeBatch(
  database: Kysely<PlatformTables>,
  writes: readonly ResourceWrite[],
): Promise<readonly WriteOutcome[]> {
  const input = JSON.stringify(
    writes.map((write, place) => ({
      place,
      operation: write.operation,
      ...toRow(write.resource),
      expected: write.expectedVersion,
      entry: writeEntry(write.entry),
      lease_controller: write.lease?.controller ?? null,
      lease_key: write.lease?.key ?? null,
      lease_attempt: write.lease?.attempt ?? null,
    })),
  );
  const { rows } = await sql<{ place: number; allowed: boolean; written: boolean }>`
    with input as (
      select * from jsonb_to_recordset(${input}::jsonb) as item (
        place int, operation text, uid text, kind text, project text, name text, labels jsonb, spec jsonb, status jsonb,
        generation bigint, version bigint, created_at bigint, updated_at bigint, deleting_since bigint,
        expected bigint, entry text, lease_controller text, lease_key text, lease_attempt bigint)
    ), allowed as (
      select input.* from input
      where lease_controller is null or exists (
        select from reconcile_item held
        where held.controller = lease_controller and held.key = lease_key
          and held.attempt = lease_attempt and held.lease_until is not null)
    ), inserted as (
      insert into resource (uid, kind, project, name, labels, spec, status, generation, version, created_at, updated_at, deleting_since)
      select uid, kind, project, name, labels, spec, status, generation, version, created_at, updated_at, deleting_since
      from allowed where operation = 'insert'
      on conflict (kind, project, name) do nothing
      returning kind, project, name
    ), updated as (
      update resource set labels = a.labels, spec = a.spec, status = a.status, generation = a.generation,
        version = a.version, updated_at = a.updated_at, deleting_since = a.deleting_since
      from allowed a
      where a.operation = 'update' and resource.kind = a.kind and resource.project = a.project
        and resource.name = a.name and resource.uid = a.uid and resource.version = a.expected
      returning resource.kind, resource.project, resource.name
    ), deleted as (
      delete from resource using allowed a
      where a.operation = 'delete' and resource.kind = a.kind and resource.project = a.project
        and resource.name = a.name and resource.uid = a.uid and resource.version = a.expected
      returning resource.kind, resource.project, resource.name
    ), changed as (
      select * from inserted union all select * from updated union all select * from deleted
    ), done as (
      select allowed.place, allowed.entry from allowed join changed using (kind, project, name)
    ), head as (
      update event_head set size = size + (select count(*) from done) returning size - (select count(*) from done) as base
    ), logged as (
      insert into event (seq, entry, leaf_hash)
      select head.base + row_number() over (order by done.place), done.entry,
        sha256('\\x00'::bytea || convert_to(done.entry, 'UTF8'))
      from head, done
      returning seq
    ), told as (
      select pg_notify(${eventChannel}, '') from logged limit 1
    )
    select input.place, allowed.place is not null as allowed, done.place is not null as written
    from input left join allowed using (place) left join done on done.place = input.place
    left join (select count(*) from told) as notified on true
    order by input.place`.execute(database);
  return rows.map((row) => (row.written ? "written" : row.allowed ? "conflict" : "lease-lost"));
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
