import { availableParallelism } from "node:os";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { Millis } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { type FaultCode, faultKinds } from "../../base/fault-codes.ts";
import type { Planner } from "../ports.ts";
import type { PlanningReply, PlanningTask } from "../questions/model.ts";
import type { PlannerAsk, PlannerSays } from "./planner-thread.ts";

/** Limits of the planner; tests choose smaller ones. */
export interface PlannerLimits {
  /** Questions that are answered at the same time. */
  readonly threads: number;
  /** Questions that wait for a thread; one more is refused. */
  readonly waiting: number;
  /** How long one question may take once a thread has it. */
  readonly answerMs: Millis;
  /** Memory of one thread, MiB. */
  readonly memoryMib: number;
}

const usualLimits: PlannerLimits = {
  // One core stays for the control plane.
  threads: Math.max(1, Math.min(2, availableParallelism() - 1)),
  waiting: 8,
  answerMs: 20_000,
  memoryMib: 512,
};

interface Question {
  readonly task: PlanningTask;
  readonly signal: AbortSignal;
  readonly settle: (result: Result) => void;
}

type Result =
  | { readonly kind: "reply"; readonly reply: PlanningReply }
  | { readonly kind: "failure"; readonly error: unknown };

type Answer = Extract<PlanningReply, { readonly kind: "answer" }>;

/**
 * Answers questions in worker threads, so that the control plane's own thread never computes for long.
 *
 * A thread is started when it is needed and kept for the next question. One that takes too long, whose asker went away or
 * that breaks down is ended; the next question gets a new one.
 */
export class PlannerThreads implements Planner {
  readonly #limits: PlannerLimits;
  readonly #waiting: Question[] = [];
  readonly #idle: Worker[] = [];
  readonly #workers = new Set<Worker>();
  #busy = 0;
  #calls = 0;
  #isStopping = false;

  constructor(limits: PlannerLimits = usualLimits) {
    this.#limits = limits;
  }

  async answer(task: PlanningTask, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    if (this.#busy >= this.#limits.threads && this.#waiting.length >= this.#limits.waiting) {
      const { threads, waiting } = this.#limits;
      const message = `${threads} questions are being planned and ${waiting} wait; try again in some seconds, or ask with the command line`;
      throw new Fault("planning.busy", message, { details: { threads, waiting } });
    }
    const result = await new Promise<Result>((settle) => {
      this.#waiting.push({ task, signal, settle });
      this.#turn();
    });
    if (result.kind === "failure") throw result.error;
    if (result.reply.kind === "answer") return result.reply;
    const { code, message, problems } = result.reply;
    if (!isFaultCode(code)) throw new Error(message);
    throw new Fault(code, message, problems.length === 0 ? {} : { details: { path: problems[0]?.path, problems } });
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    const error = new Error("the server stops");
    for (const { settle } of this.#waiting.splice(0)) settle({ kind: "failure", error });
    await Promise.all([...this.#workers].map((worker) => worker.terminate()));
  }

  /** Gives the next question to a thread, when one is free. */
  #turn(): void {
    if (this.#isStopping || this.#busy >= this.#limits.threads) return;
    const question = this.#waiting.shift();
    if (question === undefined) return;
    if (question.signal.aborted) {
      question.settle({ kind: "failure", error: question.signal.reason });
      this.#turn();
      return;
    }
    this.#busy += 1;
    this.#run(question, this.#idle.pop() ?? this.#startWorker());
  }

  #run(question: Question, worker: Worker): void {
    this.#calls += 1;
    const call = this.#calls;
    const timer = setTimeout(() => {
      const message = `the question wants more than ${this.#limits.answerMs} ms; ask for less, or with the command line`;
      end({ kind: "failure", error: new Fault("planning.timeout", message) });
    }, this.#limits.answerMs);
    const onAbort = (): void => end({ kind: "failure", error: question.signal.reason });
    const onError = (error: unknown): void => end({ kind: "failure", error });
    const onExit = (): void => end({ kind: "failure", error: new Error("the planner's thread ended") });
    const onMessage = (said: PlannerSays): void => {
      if (said.call === call) end({ kind: "reply", reply: said.reply });
    };
    const end = (result: Result): void => {
      clearTimeout(timer);
      question.signal.removeEventListener("abort", onAbort);
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      this.#busy -= 1;
      if (result.kind === "reply") this.#idle.push(worker);
      else this.#discard(worker);
      question.settle(result);
      this.#turn();
    };
    question.signal.addEventListener("abort", onAbort, { once: true });
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
    const ask: PlannerAsk = { call, task: question.task };
    worker.postMessage(ask);
  }

  #startWorker(): Worker {
    const program = new URL(`./planner-thread${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
    const worker = new Worker(program, {
      name: "planner",
      resourceLimits: { maxOldGenerationSizeMb: this.#limits.memoryMib },
    });
    // An idle thread keeps no process alive.
    worker.unref();
    this.#workers.add(worker);
    return worker;
  }

  #discard(worker: Worker): void {
    // What it says from now on is nobody's, its failures too.
    worker.on("error", () => undefined);
    this.#workers.delete(worker);
    worker.terminate().catch(() => undefined);
  }
}

function isFaultCode(code: string): code is FaultCode {
  return Object.hasOwn(faultKinds, code);
}
