import type { Clock, Instant, Millis } from "../../base/clock.ts";
import { isFault } from "../../base/fault.ts";
import type { Controller, Lease, NextVisit } from "../../platform/controller.ts";
import type { LoggedEvent } from "../../platform/event.ts";
import type { Gatekeeper, Log } from "../../platform/ports.ts";
import type { BatchKeys } from "./batch-keys.ts";
import { bodyOfLine, isAnswer, type LineResult, outputLine } from "./batch-line.ts";
import { type Batch, fileKey, isEnded, type LineProblem, maxLineBytes, type StoredFile } from "./batch-model.ts";
import { BatchRun, type PendingLine } from "./batch-run.ts";
import { batchEventKind, type BatchStore, type FinishedLine } from "./batch-store.ts";
import { InputReview, ofFile } from "./input-review.ts";
import type { BatchRequest, LineFiles, SendResult } from "./ports.ts";

/** What the controller works with. */
export interface BatchNeeds {
  readonly store: BatchStore;
  readonly lines: LineFiles;
  readonly keys: BatchKeys;
  readonly gatekeeper: Pick<Gatekeeper, "authorise">;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  readonly send: (asked: BatchRequest, signal: AbortSignal) => Promise<SendResult>;
  /** Resolves after a time, or at once when `signal` fires. */
  readonly pause: (ms: Millis, signal: AbortSignal) => Promise<void>;
}

/** How long one visit sends requests, so that other batches have their turn. What is under way goes on between visits. */
const visitMs: Millis = 5_000;

/** How long a visit waits for a request to end before it looks at the batch again. */
const lookMs: Millis = 250;

/** Results that are read at once: one may have 16 MB. */
const resultsPerPage = 16;

/**
 * Moves batches: validating → in_progress → finalizing → completed, with failed, cancelled and expired beside them.
 *
 * Every line has a row whose result is written once; the files are written from the rows when all have one. So a line is in one
 * of the files, once, whatever was killed in between.
 */
export class BatchController implements Controller {
  readonly name = "batch";
  readonly concurrency = 8;
  readonly #needs: BatchNeeds;
  readonly #runs = new Map<string, BatchRun>();

  constructor(needs: BatchNeeds) {
    this.#needs = needs;
  }

  keysOf({ subject, verb }: LoggedEvent): readonly string[] {
    return subject.kind === batchEventKind && verb !== "ended" ? [subject.name] : [];
  }

  async reconcile(id: string, lease: Lease, signal: AbortSignal): Promise<NextVisit> {
    const batch = await this.#needs.store.get(null, id);
    if (batch === undefined || isEnded(batch)) return this.#forget(id);
    switch (batch.status) {
      case "validating":
        await this.#validate(batch, lease, signal);
        break;
      case "in_progress":
        await this.#send(batch, lease, signal);
        break;
      case "cancelling":
        await this.#close(batch, "cancelled", "the batch was cancelled before this request was made", lease);
        break;
      default:
        await this.#finalise(batch, lease);
    }
    return { kind: "again", afterMs: 0 };
  }

  /** Breaks off what is under way. */
  stop(): void {
    for (const run of this.#runs.values()) run.stop();
    this.#runs.clear();
  }

  #forget(id: string): NextVisit {
    this.#endRun(id);
    this.#needs.keys.forget(id);
    return { kind: "settled" };
  }

  #endRun(id: string): void {
    this.#runs.get(id)?.stop();
    this.#runs.delete(id);
  }

  async #validate(batch: Batch, lease: Lease, signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#needs;
    const review = new InputReview(batch.endpoint);
    try {
      for await (const line of this.#needs.lines.lines(fileKey(batch.inputFileId), maxLineBytes, signal)) {
        if (!review.take(line)) break;
      }
    } catch (error) {
      if (!isFault(error, "platform.not-found")) throw error;
      await store.fail(batch, [ofFile("file_missing", "the input file is gone")], lease, clock.now());
      return;
    }
    const { problems, lines } = review;
    if (problems.length > 0) await store.fail(batch, problems, lease, clock.now());
    else await store.begin(batch, lines, lease, clock.now());
  }

  async #send(batch: Batch, lease: Lease, signal: AbortSignal): Promise<void> {
    const { clock, store } = this.#needs;
    const forbidden = await this.#problemOfRights(batch);
    if (forbidden !== null) {
      await this.#close(batch, "completed", forbidden.message, lease, [forbidden]);
      return;
    }
    const run = this.#runOf(batch);
    const endsAt = Math.min(batch.expiresAt, clock.now() + visitMs);
    while (clock.now() < endsAt) {
      const { wanted } = run;
      if (wanted !== null) run.add(await store.pending(batch.id, wanted.after, wanted.limit));
      run.launch();
      if (!run.isDone) await this.#untilNews(run, signal);
      if (signal.aborted) {
        this.#endRun(batch.id);
        signal.throwIfAborted();
      }
      await run.flush(async (news) => await store.record(batch.id, news, lease));
      if (run.isDone) {
        await this.#close(batch, "completed", "the request was not made", lease);
        return;
      }
      if ((await store.get(null, batch.id))?.status !== "in_progress") return;
    }
    if (clock.now() < batch.expiresAt) return;
    const late = `the request had no answer within the batch's ${batch.completionWindow}`;
    await this.#close(batch, "expired", late, lease);
  }

  async #untilNews(run: BatchRun, signal: AbortSignal): Promise<void> {
    const heard = new AbortController();
    const pausing = this.#needs.pause(lookMs, AbortSignal.any([signal, heard.signal]));
    await Promise.race([run.news(), pausing]);
    heard.abort();
  }

  /** Asks whether the owner may still do what the batch does in its name. */
  async #problemOfRights({ identity, boundTo, project }: Batch): Promise<LineProblem | null> {
    try {
      await this.#needs.gatekeeper.authorise({ identity, project: boundTo }, "read", project);
      return null;
    } catch (error) {
      if (!isFault(error, "tenancy.forbidden")) throw error;
      return ofFile("insufficient_permissions", error.message);
    }
  }

  #runOf(batch: Batch): BatchRun {
    const known = this.#runs.get(batch.id);
    if (known !== undefined) return known;
    const { clock, keys, lines, send } = this.#needs;
    const { id, identity, project, endpoint, inputFileId } = batch;
    const token = keys.keyOf(id, { identity, project, mostUrgent: "bulk" });
    const run = new BatchRun({
      clock,
      send: async (line: PendingLine, signal) => {
        const body = bodyOfLine(await lines.line(fileKey(inputFileId), line));
        return await send({ endpoint, body, token, requestId: `${id}_${line.line}` }, signal);
      },
    });
    this.#runs.set(id, run);
    return run;
  }

  /** No more requests: what has ended counts, the others get `why`. */
  async #close(
    batch: Batch,
    endsAs: NonNullable<Batch["endsAs"]>,
    why: string,
    lease: Lease,
    problems: readonly LineProblem[] = [],
  ): Promise<void> {
    const { store, newId, clock } = this.#needs;
    await this.#runs.get(batch.id)?.flush(async (news) => await store.record(batch.id, news, lease));
    const code = problems[0]?.code ?? `batch_${endsAs}`;
    const refusal: LineResult = { kind: "refused", code, message: why };
    const [outputFileId, errorFileId] = [`file-${newId()}`, `file-${newId()}`];
    await store.close(batch, { endsAs, refusal, problems, outputFileId, errorFileId, now: clock.now() }, lease);
    this.#endRun(batch.id);
  }

  async #finalise(batch: Batch, lease: Lease): Promise<void> {
    const { store, clock, log } = this.#needs;
    const { id, outputFileId, errorFileId } = batch;
    const written = [
      await this.#write(batch, outputFileId, "output", isAnswer),
      await this.#write(batch, errorFileId, "error", (result) => !isAnswer(result)),
    ].filter((file) => file !== null);
    await store.end(batch, written, lease, clock.now());
    const { completed, failed, endsAs } = batch;
    log.info("batch ended", { batch: id, as: endsAs, completed, failed });
  }

  async #write(
    batch: Batch,
    fileId: string | null,
    what: "output" | "error",
    isWanted: (result: LineResult) => boolean,
  ): Promise<StoredFile | null> {
    if (fileId === null) return null;
    const { id, project } = batch;
    const objectKey = fileKey(fileId);
    const bytes = await this.#needs.lines.write(objectKey, this.#linesOf(id, isWanted));
    const createdAt: Instant = batch.finalizingAt ?? this.#needs.clock.now();
    return {
      id: fileId,
      project,
      filename: `${id}_${what}.jsonl`,
      purpose: "batch_output",
      bytes,
      objectKey,
      createdAt,
    };
  }

  async *#linesOf(batchId: string, isWanted: (result: LineResult) => boolean): AsyncGenerator<string> {
    for (let last = 0; ; ) {
      const page: readonly FinishedLine[] = await this.#needs.store.results(batchId, last, resultsPerPage);
      for (const line of page) if (isWanted(line.result)) yield outputLine(batchId, line, line.result);
      const end = page.at(-1);
      if (end === undefined) return;
      last = end.line;
    }
  }
}
