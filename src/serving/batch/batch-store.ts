import { type Kysely, sql, type Transaction } from "kysely";
import type { Instant } from "../../base/clock.ts";
import type { Lease } from "../../platform/controller.ts";
import { assertLease } from "../../platform/reconciler.ts";
import type { BatchLine, LineResult } from "./batch-line.ts";
import type { Batch, BatchStatus, LineProblem } from "./batch-model.ts";
import type { ListQuery } from "./file-store.ts";

/** Lines that one statement writes. */
const linesPerStatement = 2_000;

/** A line with how its request ended. */
export interface FinishedLine {
  readonly line: number;
  readonly customId: string;
  readonly result: LineResult | null;
}

/** A line whose request is still to be made. */
export interface PendingLine extends BatchLine {
  /** Times that it was tried and failed in a way that may pass. */
  readonly attempts: number;
}

/** What changes of a batch from one state to the next. */
export interface BatchChange {
  readonly status: BatchStatus;
  readonly problems?: readonly LineProblem[];
  readonly total?: number;
  readonly outputFileId?: string | null;
  readonly errorFileId?: string | null;
  readonly startedAt?: Instant;
  readonly finalizingAt?: Instant;
  readonly endedAt?: Instant;
}

const columns = sql`id, project, identity, endpoint, input_file_id as "inputFileId",
  completion_window as "completionWindow", status, problems, metadata, total, completed, failed,
  output_file_id as "outputFileId", error_file_id as "errorFileId", created_at as "createdAt", expires_at as "expiresAt",
  started_at as "startedAt", finalizing_at as "finalizingAt", ended_at as "endedAt", cancelling_at as "cancellingAt"`;

/** Batches and their lines. A line's result is written once: the first one stands. */
export class BatchStore {
  readonly #database: Kysely<unknown>;

  constructor(database: Kysely<unknown>) {
    this.#database = database;
  }

  async add(batch: Batch): Promise<void> {
    await sql`
      insert into serving_batch (id, project, identity, endpoint, input_file_id, completion_window, status, problems, metadata,
        created_at, expires_at)
      values (${batch.id}, ${batch.project}, ${batch.identity}, ${batch.endpoint}, ${batch.inputFileId},
        ${batch.completionWindow}, ${batch.status}, '[]', ${JSON.stringify(batch.metadata)}, ${batch.createdAt},
        ${batch.expiresAt})`.execute(this.#database);
  }

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

  /** The ids of batches that are not over, for a process that has just started. */
  async openIds(): Promise<readonly string[]> {
    const { rows } = await sql<{ id: string }>`
      select id from serving_batch where ended_at is null order by id`.execute(this.#database);
    return rows.map((row) => row.id);
  }

  /** Asks for a batch to end; one that is over stays as it is. */
  async cancel(project: string, id: string, now: Instant): Promise<Batch | undefined> {
    await sql`
      update serving_batch set status = 'cancelling', cancelling_at = ${now}
      where project = ${project} and id = ${id} and status in ('validating', 'in_progress')`.execute(this.#database);
    return await this.get(project, id);
  }

  /** Moves a batch from one state to the next, under the lease; its lines, if given, are written with it. */
  async move(batch: Batch, change: BatchChange, lease: Lease, lines: readonly BatchLine[] = []): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      await assertLease(transaction, lease);
      for (let start = 0; start < lines.length; start += linesPerStatement) {
        await addLines(transaction, batch.id, lines.slice(start, start + linesPerStatement));
      }
      await sql`
        update serving_batch set
          status = ${change.status},
          problems = coalesce(${change.problems === undefined ? null : JSON.stringify(change.problems)}::jsonb, problems),
          total = coalesce(${change.total ?? null}::int, total),
          output_file_id = coalesce(${change.outputFileId ?? null}::text, output_file_id),
          error_file_id = coalesce(${change.errorFileId ?? null}::text, error_file_id),
          started_at = coalesce(${change.startedAt ?? null}::bigint, started_at),
          finalizing_at = coalesce(${change.finalizingAt ?? null}::bigint, finalizing_at),
          ended_at = coalesce(${change.endedAt ?? null}::bigint, ended_at)
        where id = ${batch.id} and status = ${batch.status}`.execute(transaction);
    });
  }

  /** Lines whose requests are still to be made, in order. */
  async pending(batchId: string, limit: number): Promise<readonly PendingLine[]> {
    const { rows } = await sql<PendingLine>`
      select line, custom_id as "customId", byte_offset as "offset", byte_length as "length", attempts
      from serving_batch_line where batch_id = ${batchId} and result is null
      order by line limit ${limit}`.execute(this.#database);
    return rows;
  }

  /** Writes how requests ended, and how often others were tried in vain; a line that has a result keeps it. */
  async finish(
    batchId: string,
    ended: readonly { readonly line: number; readonly result: LineResult; readonly isAnswer: boolean }[],
    tried: readonly number[],
    lease: Lease,
  ): Promise<void> {
    if (ended.length + tried.length === 0) return;
    await this.#database.transaction().execute(async (transaction) => {
      await assertLease(transaction, lease);
      await sql`
        with given as (
          select * from jsonb_to_recordset(${JSON.stringify(ended)}::jsonb) as row (line int, result jsonb, "isAnswer" boolean)
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

  /** Lines after one, in order, with how they ended; null where they have not. */
  async results(batchId: string, afterLine: number, limit: number): Promise<readonly FinishedLine[]> {
    const { rows } = await sql<FinishedLine>`
      select line, custom_id as "customId", result from serving_batch_line
      where batch_id = ${batchId} and line > ${afterLine} order by line limit ${limit}`.execute(this.#database);
    return rows;
  }

  /** Forgets the lines of a batch that is over: they lie in its files. */
  async forgetLines(batchId: string): Promise<void> {
    await sql`delete from serving_batch_line where batch_id = ${batchId}`.execute(this.#database);
  }
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
      as row (line int, "customId" text, "offset" bigint, "length" int)
    on conflict do nothing`.execute(transaction);
}
