import type { Clock, Instant, Millis } from "../../base/clock.ts";
import { isAnswer, type LineResult } from "./batch-line.ts";
import { BatchPace } from "./batch-pace.ts";
import type { SendResult } from "./ports.ts";

/** A line whose request is still to be made. */
export interface PendingLine {
  /** From 1. */
  readonly line: number;
  readonly customId: string;
  /** Where it lies in the input file, bytes. */
  readonly offset: number;
  readonly length: number;
  /** Times that it was tried and failed in a way that may pass. */
  readonly attempts: number;
}

/** A line whose request has ended. */
export interface EndedLine {
  readonly line: number;
  readonly result: LineResult;
  readonly isAnswer: boolean;
}

/** What is to be written down of a run. */
export interface RunNews {
  readonly ended: readonly EndedLine[];
  /** Lines that were tried in vain once more. */
  readonly tried: readonly number[];
}

/** Times that a request is tried when it fails in a way that may pass, and the pauses between. */
const mostTries = 5;
const firstPauseMs: Millis = 1_000;
const longestPauseMs: Millis = 60_000;

/** Lines that are kept in memory, waiting to be sent. */
const queueMax = 256;

/** Results that are kept in memory until they are written down, and their characters; beyond either no request is made. */
const endedMax = 128;
const endedCharsMax = 32_000_000;

/** Characters of the results that are written at once, but for a single longer one. */
const writtenCharsMax = 16_000_000;

/** How a run makes its requests. */
export interface BatchRunNeeds {
  readonly clock: Clock;
  readonly send: (line: PendingLine, signal: AbortSignal) => Promise<SendResult>;
}

/**
 * The requests of one batch that this process has under way, from their lines to their results. It knows nothing that is not
 * written down as well: a new run asks for what has no result, and may ask a model twice; the first result that is written counts.
 */
export class BatchRun {
  readonly #needs: BatchRunNeeds;
  readonly #pace = new BatchPace();
  readonly #stop = new AbortController();
  readonly #underWay = new Set<number>();
  readonly #queue: PendingLine[] = [];
  readonly #again: { readonly line: PendingLine; readonly at: Instant }[] = [];
  #ended: EndedLine[] = [];
  #endedChars = 0;
  #tried: number[] = [];
  #lastLine = 0;
  #hasAll = false;
  #onNews: (() => void) | undefined;

  constructor(needs: BatchRunNeeds) {
    this.#needs = needs;
  }

  /** Which lines to load now: those after `after`, at most `limit`; null when there are enough. */
  get wanted(): { readonly after: number; readonly limit: number } | null {
    return this.#hasAll || this.#queue.length > queueMax / 2 ? null : { after: this.#lastLine, limit: queueMax };
  }

  /** Takes the lines that were `wanted`; none tells that there are no more. */
  add(lines: readonly PendingLine[]): void {
    this.#queue.push(...lines);
    this.#lastLine = lines.at(-1)?.line ?? this.#lastLine;
    if (lines.length === 0) this.#hasAll = true;
  }

  /** Whether every line has a result that is written down. */
  get isDone(): boolean {
    const open = this.#queue.length + this.#again.length + this.#underWay.size + this.#ended.length;
    return this.#hasAll && open === 0;
  }

  /** Makes as many requests as the pace allows. */
  launch(): void {
    const now = this.#needs.clock.now();
    const width = this.#pace.widthAt(now);
    while (this.#underWay.size < width && this.#hasRoom) {
      const next = this.#next(now);
      if (next === undefined) return;
      this.#underWay.add(next.line);
      const take = (sent: SendResult): void => this.#take(next, sent);
      this.#needs.send(next, this.#stop.signal).then(take, (error: unknown) => take(broken(error)));
    }
  }

  /** Writes down what has ended since; what could not be written is kept. */
  async flush(write: (news: RunNews) => Promise<void>): Promise<void> {
    while (this.#ended.length + this.#tried.length > 0) {
      const news = { ended: firstOf(this.#ended), tried: [...this.#tried] };
      await write(news);
      this.#ended = this.#ended.slice(news.ended.length);
      this.#endedChars -= charsOf(news.ended);
      this.#tried = this.#tried.slice(news.tried.length);
    }
  }

  /** Resolves as soon as there is something to write down. */
  async news(): Promise<void> {
    if (this.#ended.length + this.#tried.length > 0) return;
    await new Promise<void>((resolve) => {
      this.#onNews = resolve;
    });
  }

  /** Breaks off what is under way. */
  stop(): void {
    this.#stop.abort();
  }

  get #hasRoom(): boolean {
    const isFull = this.#ended.length >= endedMax || this.#endedChars >= endedCharsMax;
    return !isFull && !this.#stop.signal.aborted;
  }

  #next(now: Instant): PendingLine | undefined {
    const due = this.#again.findIndex(({ at }) => at <= now);
    if (due === -1) return this.#queue.shift();
    return this.#again.splice(due, 1)[0]?.line;
  }

  #take(line: PendingLine, sent: SendResult): void {
    this.#underWay.delete(line.line);
    if (this.#stop.signal.aborted) return;
    this.#hear(line, sent, this.#needs.clock.now());
    this.launch();
    this.#onNews?.();
  }

  #hear(line: PendingLine, sent: SendResult, now: Instant): void {
    switch (sent.kind) {
      case "ended":
        this.#pace.answered();
        this.#end(line, sent.result);
        break;
      case "busy":
        this.#pace.refused(sent.retryAfterMs, now);
        this.#again.push({ line, at: now + sent.retryAfterMs });
        break;
      case "broken": {
        const attempts = line.attempts + 1;
        if (attempts >= mostTries) {
          this.#end(line, sent.result);
          break;
        }
        this.#tried.push(line.line);
        const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** line.attempts);
        this.#again.push({ line: { ...line, attempts }, at: now + pauseMs });
      }
    }
  }

  #end({ line }: PendingLine, result: LineResult): void {
    const ended = { line, result: storable(result), isAnswer: isAnswer(result) };
    this.#ended.push(ended);
    this.#endedChars += charsOf([ended]);
  }
}

function charsOf(lines: readonly EndedLine[]): number {
  return lines.reduce((sum, { result }) => sum + (result.kind === "answered" ? result.body : result.message).length, 0);
}

/** As many of the first lines as may be written at once, one at least. */
function firstOf(lines: readonly EndedLine[]): readonly EndedLine[] {
  let count = 0;
  for (let chars = 0; count < lines.length; count += 1) {
    chars += charsOf(lines.slice(count, count + 1));
    if (count > 0 && chars > writtenCharsMax) break;
  }
  return lines.slice(0, count);
}

/** The result in text that the database takes: it has no place for NUL and for half characters. */
function storable(result: LineResult): LineResult {
  if (result.kind === "answered") return { ...result, body: whole(result.body) };
  return { ...result, message: whole(result.message) };
}

function whole(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}

function broken(error: unknown): SendResult {
  const message = error instanceof Error ? error.message : String(error);
  return { kind: "broken", result: { kind: "refused", code: "request_failed", message } };
}
