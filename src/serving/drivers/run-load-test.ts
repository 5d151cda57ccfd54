import { setMaxListeners } from "node:events";
import type { Millis } from "../../base/clock.ts";
import type { LoadTestProgress, LoadTestReport, LoadTestTask } from "../loadtest/model.ts";
import { LoadLedger } from "../loadtest/load-ledger.ts";
import { type PlannedConversation, planWorkload, prefixText, turnText } from "../loadtest/plan-workload.ts";
import { type ChatMessage, LoadClient, type SentRequest } from "./load-client.ts";

/** How often the progress is told. */
const tellMs: Millis = 500;

/**
 * Runs a load test: an open loop, whose requests are due when the plan says so, however slowly others are answered.
 *
 * A request for which no place is free waits here, and its spans begin when it was due all the same.
 *
 * @throws {Fault} `serving.request-invalid` when the shape cannot be understood or the model's inputs cannot be read.
 */
export async function runLoadTest(
  task: LoadTestTask,
  onProgress: (progress: LoadTestProgress) => void,
  signal: AbortSignal,
): Promise<LoadTestReport> {
  const plan = planWorkload(task.shape);
  const run = new LoadRun(task);
  try {
    await run.prepare(signal);
    return await run.play(plan, onProgress, signal);
  } finally {
    run.close();
  }
}

class LoadRun {
  readonly #task: LoadTestTask;
  readonly #ledger: LoadLedger;
  readonly #client: LoadClient;
  readonly #prefixes = new Map<number, string>();
  readonly #waiting: (() => void)[] = [];
  #startedAt = 0;
  #inFlight = 0;

  constructor(task: LoadTestTask) {
    this.#task = task;
    this.#ledger = new LoadLedger(task);
    this.#client = new LoadClient(task.target, task.shape, () => this.#now());
  }

  async prepare(signal: AbortSignal): Promise<void> {
    await this.#client.prepare(signal);
  }

  close(): void {
    this.#client.close();
  }

  async play(
    plan: readonly PlannedConversation[],
    onProgress: (progress: LoadTestProgress) => void,
    signal: AbortSignal,
  ): Promise<LoadTestReport> {
    const { shape } = this.#task;
    this.#startedAt = performance.now();
    const giveUp = new AbortController();
    const ends = AbortSignal.any([signal, giveUp.signal]);
    // Every request that is out listens.
    setMaxListeners(0, ends);
    const teller = setInterval(() => onProgress(this.#ledger.progress(this.#now())), tellMs);
    const timer = setTimeout(() => giveUp.abort(), shape.durationMs + shape.drainMs);
    try {
      const conversations: Promise<void>[] = [];
      for (const [index, conversation] of plan.entries()) {
        await this.#until(conversation.at, ends);
        if (ends.aborted) break;
        conversations.push(this.#converse(conversation, index, ends));
      }
      await Promise.all(conversations);
      return this.#ledger.report(this.#now());
    } finally {
      clearInterval(teller);
      clearTimeout(timer);
    }
  }

  /** Milliseconds since the beginning. */
  #now(): Millis {
    return performance.now() - this.#startedAt;
  }

  async #until(at: Millis, signal: AbortSignal): Promise<void> {
    const waitMs = at - this.#now();
    if (waitMs <= 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, waitMs);
      signal.addEventListener("abort", done, { once: true });
    });
  }

  async #converse(conversation: PlannedConversation, index: number, signal: AbortSignal): Promise<void> {
    const { shape, target } = this.#task;
    const messages: ChatMessage[] = [];
    if (conversation.prefix !== null) messages.push({ role: "system", content: this.#prefixOf(conversation.prefix) });
    let dueAt = conversation.at;
    for (const [turn, { inputTokens, outputTokens, thinkMs }] of conversation.turns.entries()) {
      if (turn > 0) dueAt = this.#now() + thinkMs;
      // Turns that would follow the last arrival belong to no test of this length.
      if (turn > 0 && dueAt >= shape.durationMs) return;
      await this.#until(dueAt, signal);
      if (signal.aborted) return;
      if (target.protocol === "openai") {
        messages.push({ role: "user", content: turnText(shape.seed, index, turn, inputTokens) });
      }
      const send = async (): Promise<SentRequest> =>
        target.protocol === "v2"
          ? await this.#client.infer(dueAt, signal)
          : await this.#client.chat(messages, outputTokens, dueAt, signal);
      const sent = await this.#inPlace(send, signal);
      if (sent?.outcome.kind !== "done") return;
      messages.push({ role: "assistant", content: sent.text });
    }
  }

  /** Sends once a place is free; null when the test was over first. */
  async #inPlace(send: () => Promise<SentRequest>, signal: AbortSignal): Promise<SentRequest | null> {
    this.#ledger.due();
    if (this.#inFlight >= this.#task.shape.maxInFlight) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      if (signal.aborted) return null;
    } else this.#inFlight += 1;
    this.#ledger.sent();
    const sent = await send();
    this.#ledger.ended(sent.outcome);
    const next = this.#waiting.shift();
    // The place goes straight to who has waited longest.
    if (next === undefined) this.#inFlight -= 1;
    else next();
    return sent;
  }

  #prefixOf(prefix: number): string {
    const known = this.#prefixes.get(prefix);
    if (known !== undefined) return known;
    const text = prefixText(this.#task.shape, prefix);
    this.#prefixes.set(prefix, text);
    return text;
  }
}
