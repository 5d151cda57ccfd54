import type { Millis } from "../../base/clock.ts";
import type { LoadTestProgress, LoadTestReport, LoadTestTask } from "./model.ts";
import { nearestRank } from "./nearest-rank.ts";
import { keepsLoadTestSlo, tpotOfAnswer } from "./request-outcome.ts";
import type { RequestOutcome } from "./request-outcome.ts";
import { seriesOf } from "./outcome-series.ts";
import { spanFigures } from "./span-figures.ts";

/** Codes of errors that are told apart; the others are counted together. */
const codesMax = 50;

/** First tokens from which the progress tells their median. */
const recentMax = 500;

/**
 * Keeps what became of every request of a load test.
 *
 * All spans begin when a request was due, not when it was sent: a request that waited for its turn here, or behind a server that stands still,
 * counts with its wait (no coordinated omission; G. Tene, "How NOT to measure latency").
 */
export class LoadLedger {
  readonly #task: LoadTestTask;
  readonly #outcomes: RequestOutcome[] = [];
  readonly #recent: number[] = [];
  #due = 0;
  #inFlight = 0;
  #done = 0;
  #outputTokens = 0;

  constructor(task: LoadTestTask) {
    this.#task = task;
  }

  /** A request is due; it waits here until it is sent. */
  due(): void {
    this.#due += 1;
  }

  /** A request leaves. */
  sent(): void {
    this.#inFlight += 1;
  }

  /** A request that was sent is over. */
  ended(outcome: RequestOutcome): void {
    this.#inFlight -= 1;
    this.#outcomes.push(outcome);
    this.#outputTokens += outcome.outputTokens;
    if (outcome.kind !== "done") return;
    this.#done += 1;
    if (outcome.firstAt === null) return;
    this.#recent.push(outcome.firstAt - outcome.dueAt);
    if (this.#recent.length > recentMax) this.#recent.shift();
  }

  progress(elapsedMs: Millis): LoadTestProgress {
    const sorted = this.#recent.toSorted((left, right) => left - right);
    const ended = this.#outcomes.length;
    return {
      elapsedMs: Math.round(elapsedMs),
      due: this.#due,
      inFlight: this.#inFlight,
      waiting: this.#due - ended - this.#inFlight,
      done: this.#done,
      failed: ended - this.#done,
      ttftP50Ms: sorted.length === 0 ? null : nearestRank(sorted, 0.5),
      outputTokensPerSecond: elapsedMs <= 0 ? 0 : (this.#outputTokens * 1000) / elapsedMs,
    };
  }

  /** Sums the test up; requests that are still out or waiting count as unfinished. */
  report(elapsedMs: Millis): LoadTestReport {
    const { shape, target } = this.#task;
    const done = this.#outcomes.filter((outcome) => outcome.kind === "done");
    const seconds = Math.max(shape.durationMs, elapsedMs) / 1000;
    const input = sum(done, (outcome) => outcome.inputTokens);
    const output = sum(this.#outcomes, (outcome) => outcome.outputTokens);
    return {
      shape,
      url: target.url,
      model: target.model,
      elapsedMs,
      requests: {
        due: this.#due,
        done: done.length,
        failed: this.#outcomes.length - done.length,
        unfinished: this.#due - this.#outcomes.length,
      },
      errors: errorsOf(this.#outcomes),
      ttftMs: spanFigures(done.flatMap(({ firstAt, dueAt }) => (firstAt === null ? [] : [firstAt - dueAt]))),
      tpotMs: spanFigures(done.flatMap((outcome) => tpotOfAnswer(outcome) ?? [])),
      endToEndMs: spanFigures(done.map(({ endAt, dueAt }) => endAt - dueAt)),
      lateMs: spanFigures(this.#outcomes.map(({ sentAt, dueAt }) => Math.max(0, sentAt - dueAt))),
      tokens: { input, output, cached: sum(done, (outcome) => outcome.cachedTokens) },
      throughput: {
        requestsPerSecond: done.length / seconds,
        inputTokensPerSecond: input / seconds,
        outputTokensPerSecond: output / seconds,
      },
      goodput: this.#goodput(seconds),
      series: seriesOf(this.#outcomes, shape, elapsedMs),
    };
  }

  #goodput(seconds: number): LoadTestReport["goodput"] {
    const { slo } = this.#task.shape;
    if (slo === null) return null;
    const good = this.#outcomes.filter((outcome) => keepsLoadTestSlo(outcome, slo)).length;
    return { good, share: this.#due === 0 ? 0 : good / this.#due, requestsPerSecond: good / seconds };
  }
}

function sum(outcomes: readonly RequestOutcome[], value: (outcome: RequestOutcome) => number): number {
  return outcomes.reduce((total, outcome) => total + value(outcome), 0);
}

/** Failures by their codes, the most frequent first, each with the message of the first. */
function errorsOf(outcomes: readonly RequestOutcome[]): LoadTestReport["errors"] {
  const errors = new Map<string, { code: string; count: number; message: string }>();
  for (const outcome of outcomes) {
    if (outcome.kind === "done") continue;
    const code = errors.has(outcome.code) || errors.size < codesMax ? outcome.code : "others";
    const known = errors.get(code);
    if (known === undefined) errors.set(code, { code, count: 1, message: outcome.message });
    else known.count += 1;
  }
  return [...errors.values()].toSorted((left, right) => right.count - left.count);
}
