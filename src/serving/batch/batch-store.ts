import { type Kysely, type RawBuilder, sql, type Transaction } from "kysely";
import type { Instant } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { Lease } from "../../platform/controller.ts";
import type { EventEntry } from "../../platform/event.ts";
import { appendEvents } from "../../platform/event-log.ts";
import { assertLease } from "../../platform/reconciler.ts";
import type { BatchLine, LineResult } from "./batch-line.ts";
import type { Batch, BatchStatus, LineProblem, StoredFile } from "./batch-model.ts";
import type { PendingLine, RunNews } from "./batch-run.ts";
import { addFile, type ListQuery } from "./file-store.ts";

/** What events about batches are about. */
export const batchEventKind = "Batch";

/** Lines that one statement writes. */
const linesPerStatement = 2_000;

/** A line with how its request ended. */
export interface FinishedLine {
  readonly line: number;
  readonly customId: string;
  readonly result: LineResult;
}

/** How a batch's requests come to an end. */
export interface Closing {
  readonly endsAs: NonNullable<Batch["endsAs"]>;
  /** What becomes of lines without a result. */
  readonly refusal: LineResult;
  /** What is told of the batch itself, if anything. */
  readonly problems: readonly LineProblem[];
  /** Ids of the files that will be written, if they have lines. */
  readonly outputFileId: string;
  readonly errorFileId: string;
  readonly now: Instant;
}

const columns = sql`id, project, identity, bound_to as "boundTo", endpoint, input_file_id as "inputFileId",
  completion_window as "completionWindow", status, ends_as as "endsAs", problems, metadata, total, completed, failed,
  output_file_id as "outputFileId", error_file_id as "errorFileId", created_at as "createdAt", expires_at as "expiresAt",
  started_at as "startedAt", finalizing_at as "finalizingAt", ended_at as "endedAt", cancelling_at as "cancellingAt"`;

/** Batches and their lines. A line's result is written once: the first one stands. */
export class BatchStore {
  readonly #database: Kysely<unknown>;

  constructor(database: Kysely<unknown>) {
    this.#database = database;
  }

  /** @throws {Fault} `serving.file-missing` when its input is gone meanwhile. */
  async add(batch: Batch): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      const { rows } = await sql`
        select from serving_file where project = ${batch.project} and id = ${batch.inputFileId}
        for key share`.execute(transaction);
      if (rows.length === 0) {
        throw new Fault("serving.file-missing", `project ${batch.project} has no file ${batch.inputFileId}`);
      }
      await sql`
        insert into serving_batch (id, project, identity, bound_to, endpoint, input_file_id, completion_window, status,
          problems, metadata, created_at, expires_at)
        values (${batch.id}, ${batch.project}, ${batch.identity}, ${batch.boundTo}, ${batch.endpoint},
          ${batch.inputFileId}, ${batch.completionWindow}, ${batch.status}, '[]', ${JSON.stringify(batch.metadata)},
          ${batch.createdAt}, ${batch.expiresAt})`.execute(transaction);
      const message = `batch for ${batch.endpoint} created`;
      await appendEvents(transaction, [eventOf(batch, batch.identity, "created", message, batch.createdAt)]);
    });
  }

  /** @param project null: whichever it belongs to. */
  async get(project: string | null, id: string): Promise<Batch | undefined> {
    const { rows } = await sql<Batch>`
      select ${columns} from serving_batch
      where id = ${id} and (${project}::text is null or project = ${project})`.execute(this.#database);
    return rows[0];
  }

  /** Newest first. */
  async list(
    project: string,
    { limit, after }: ListQuery,
  ): Promise<{ readonly batches: readonly Batch[]; readonly hasMore: boolean }> {
    const { rows } = await sql<Batch>`
      select ${columns} from serving_batch
      where project = ${project} and (${after}::text is null or id < ${after})
      order by id desc limit ${limit + 1}`.execute(this.#database);
    return { batches: rows.slice(0, limit), hasMore: rows.length > limit };
  }

  /** Asks for a batch to end; one that ends or has ended stays as it is. */
  async cancel(project: string, id: string, actor: string, now: Instant): Promise<Batch | undefined> {
    await this.#database.transaction().execute(async (transaction) => {
      const { rows } = await sql<Batch>`
        update serving_batch set status = 'cancelling', cancelling_at = ${now}
        where project = ${project} and id = ${id} and status in ('validating', 'in_progress')
        returning ${columns}`.execute(transaction);
      await appendEvents(
        transaction,
        rows.map((batch) => eventOf(batch, actor, "cancelled", "batch is to end early", now)),
      );
    });
    return await this.get(project, id);
  }

  /** The batch's input is good: its lines are noted. */
  async begin(batch: Batch, lines: readonly BatchLine[], lease: Lease, now: Instant): Promise<void> {
    await this.#apply(batch, lease, async (transaction) => {
      for (let start = 0; start < lines.length; start += linesPerStatement) {
        await addLines(transaction, batch.id, lines.slice(start, start + linesPerStatement));
      }
      return sql`status = 'in_progress', total = ${lines.length}, started_at = ${now}`;
    });
  }

  /** The batch's input is not good. */
  async fail(batch: Batch, problems: readonly LineProblem[], lease: Lease, now: Instant): Promise<void> {
    const set = sql`status = 'failed', problems = ${JSON.stringify(problems)}::jsonb, ended_at = ${now}`;
    await this.#apply(batch, lease, async () => set, endingOf(batch, "failed", lease, now));
  }

  /** Lines after one whose requests are still to be made, in order. */
  async pending(batchId: string, after: number, limit: number): Promise<readonly PendingLine[]> {
    const { rows } = await sql<PendingLine>`
      select line, custom_id as "customId", byte_offset as "offset", byte_length as "length", attempts
      from serving_batch_line where batch_id = ${batchId} and result is null and line > ${after}
      order by line limit ${limit}`.execute(this.#database);
    return rows;
  }

  /** Writes how requests ended, and how often others were tried in vain; a line that has a result keeps it. */
  async record(batchId: string, { ended, tried }: RunNews, lease: Lease): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      await assertLease(transaction, lease);
      await sql`
        with given as (
          select * from jsonb_to_recordset(${JSON.stringify(ended)}::jsonb)
            as item (line int, result jsonb, "isAnswer" boolean)
        ), written as (
          update serving_batch_line as kept set result = given.result
          from given where kept.batch_id = ${batchId} and kept.line = given.line and kept.result is null
          returning given."isAnswer" as is_answer
        )
        update serving_batch set
          completed = completed + (select count(*) from written where is_answer),
          failed = failed + (select count(*) from written where not is_answer)
        where id = ${batchId}`.execute(transaction);
      if (tried.length > 0) {
        await sql`
          update serving_batch_line set attempts = attempts + 1
          where batch_id = ${batchId} and line = any(${[...tried]}::int[]) and result is null`.execute(transaction);
      }
    });
  }

  /** No more requests are made: lines without a result get one, and the files to write are chosen. */
  async close(batch: Batch, closing: Closing, lease: Lease): Promise<void> {
    const { refusal, endsAs, now } = closing;
    await this.#apply(batch, lease, async (transaction) => {
      const { numAffectedRows } = await sql`
        update serving_batch_line set result = ${JSON.stringify(refusal)}::jsonb
        where batch_id = ${batch.id} and result is null`.execute(transaction);
      const unfinished = Number(numAffectedRows ?? 0n);
      return sql`status = 'finalizing', ends_as = ${endsAs}, failed = failed + ${unfinished}::int, finalizing_at = ${now},
        problems = ${JSON.stringify(closing.problems)}::jsonb,
        output_file_id = case when completed > 0 then ${closing.outputFileId} end,
        error_file_id = case when failed + ${unfinished}::int > 0 then ${closing.errorFileId} end`;
    });
  }

  /** Lines after one, in order, with how they ended. */
  async results(batchId: string, afterLine: number, limit: number): Promise<readonly FinishedLine[]> {
    const { rows } = await sql<FinishedLine>`
      select line, custom_id as "customId", result from serving_batch_line
      where batch_id = ${batchId} and line > ${afterLine} and result is not null
      order by line limit ${limit}`.execute(this.#database);
    return rows;
  }

  /** The batch's files are written: they are noted, and its lines are forgotten. */
  async end(batch: Batch, files: readonly StoredFile[], lease: Lease, now: Instant): Promise<void> {
    const endsAs = batch.endsAs ?? "completed";
    const apply = async (transaction: Transaction<unknown>): Promise<RawBuilder<unknown>> => {
      for (const file of files) await addFile(transaction, file);
      await sql`delete from serving_batch_line where batch_id = ${batch.id}`.execute(transaction);
      return sql`status = ${endsAs}, ended_at = ${now}`;
    };
    await this.#apply(batch, lease, apply, endingOf(batch, endsAs, lease, now));
  }

  /** One step of a batch from the state in which it was seen, under the lease. @throws {Fault} `platform.resource-conflict`. */
  async #apply(
    batch: Batch,
    lease: Lease,
    step: (transaction: Transaction<unknown>) => Promise<RawBuilder<unknown>>,
    ...events: readonly EventEntry[]
  ): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      await assertLease(transaction, lease);
      const set = await step(transaction);
      const { rows } = await sql`
        update serving_batch set ${set} where id = ${batch.id} and status = ${batch.status} returning id`.execute(
        transaction,
      );
      if (rows.length === 0) {
        throw new Fault("platform.resource-conflict", `batch ${batch.id} is no more ${batch.status}`);
      }
      await appendEvents(transaction, events);
    });
  }
}

function eventOf(
  { id, project, total, completed, failed }: Batch,
  actor: string,
  verb: string,
  message: string,
  at: Instant,
): EventEntry {
  const subject = { kind: batchEventKind, project, name: id };
  return { at, actor, verb, subject, message, data: { total, completed, failed } };
}

function endingOf(batch: Batch, status: BatchStatus, lease: Lease, now: Instant): EventEntry {
  const { completed, total } = batch;
  const message = `batch ${status}: ${completed} of ${total} requests answered`;
  return eventOf(batch, `controller:${lease.controller}`, "ended", message, now);
}

async function addLines(
  transaction: Transaction<unknown>,
  batchId: string,
  lines: readonly BatchLine[],
): Promise<void> {
  await sql`
    insert into serving_batch_line (batch_id, line, custom_id, byte_offset, byte_length)
    select ${batchId}, line, "customId", "offset", "length"
    from jsonb_to_recordset(${JSON.stringify(lines)}::jsonb)
      as item (line int, "customId" text, "offset" bigint, "length" int)`.execute(transaction);
}
