import { type ChildProcess, spawn } from "node:child_process";
import { extname } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Clock, Instant } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { Log } from "../../platform/ports.ts";
import {
  type LoadTestProgress,
  loadTestAnswerSchema,
  loadTestProgressSchema,
  type LoadTestReport,
  type LoadTestShape,
  type LoadTestState,
  type LoadTestTask,
} from "../loadtest/model.ts";
import type { LoadTestAsk, LoadTests } from "../ports.ts";

/** Load tests that run at once: each takes a processor. */
const runningMax = 2;

/** Reports that are kept, the oldest of which goes first. */
const reportsKept = 64;

/** Characters of a report, and lines of talk that explain its absence. */
const outputMax = 4_000_000;
const talkLinesShown = 5;

const ownPath = fileURLToPath(import.meta.url);
const program = fileURLToPath(new URL(`../tasks/load-test${extname(ownPath)}`, import.meta.url));

interface Test {
  readonly startedAt: Instant;
  readonly by: string;
  readonly shape: LoadTestShape;
  readonly child: ChildProcess;
  progress: LoadTestProgress | null;
  end: { readonly at: Instant; readonly report: LoadTestReport | null; readonly failure: string | null } | null;
}

/** Runs load tests for the server, each in a process of its own; what they found is kept until the server ends. */
export class LoadTestDesk implements LoadTests {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #tests = new Map<string, Test>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  start({ project, deployment, by, task }: LoadTestAsk): LoadTestState {
    const key = keyOf(project, deployment);
    const running = [...this.#tests].filter(([, test]) => test.end === null);
    if (this.#tests.get(key)?.end === null || running.length >= runningMax) {
      const found = running.map(([each]) => each).join(" and ");
      throw new Fault("serving.load-test-running", `${found} under a load test already; wait for its end, or stop it`);
    }
    this.#tests.delete(key);
    this.#forgetOldest();
    const test = this.#open(key, by, task);
    this.#tests.set(key, test);
    return stateOf(test);
  }

  state(project: string, deployment: string): LoadTestState {
    const test = this.#tests.get(keyOf(project, deployment));
    return test === undefined ? { kind: "none" } : stateOf(test);
  }

  end(project: string, deployment: string): LoadTestState {
    this.#tests.get(keyOf(project, deployment))?.child.kill("SIGTERM");
    return this.state(project, deployment);
  }

  /** Ends all tests; nothing of them is kept. */
  stop(): void {
    for (const { child, end } of this.#tests.values()) if (end === null) child.kill("SIGKILL");
  }

  #open(key: string, by: string, task: LoadTestTask): Test {
    const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "pipe"] });
    const { shape } = task;
    const test: Test = { startedAt: this.#clock.now(), by, shape, child, progress: null, end: null };
    const talk: string[] = [];
    createInterface({ input: child.stderr }).on("line", (line) => {
      const progress = line.startsWith("{") ? loadTestProgressSchema.safeParse(parsed(line)).data : undefined;
      if (progress !== undefined) test.progress = progress;
      else if (talk.push(line) > talkLinesShown) talk.shift();
    });
    let output = "";
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (chunk: string) => {
      output += chunk;
      if (output.length > outputMax) child.kill("SIGKILL");
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(JSON.stringify(task));
    child.once("error", (error) => talk.push(error.message));
    child.once("close", (code, signal) => {
      test.end = { at: this.#clock.now(), ...endOf(output, talk.join("\n") || `it ended with ${signal ?? code}`) };
      if (test.end.failure !== null) this.#log.warn("a load test failed", { deployment: key, why: test.end.failure });
    });
    return test;
  }

  #forgetOldest(): void {
    for (const [key, { end }] of this.#tests) {
      if (this.#tests.size < reportsKept) return;
      if (end !== null) this.#tests.delete(key);
    }
  }
}

function keyOf(project: string, deployment: string): string {
  return `${project}/${deployment}`;
}

function stateOf({ startedAt, by, shape, progress, end }: Test): LoadTestState {
  if (end === null) return { kind: "running", startedAt, by, shape, progress };
  return { kind: "ended", startedAt, endedAt: end.at, by, shape, report: end.report, failure: end.failure };
}

function endOf(
  output: string,
  talk: string,
): { readonly report: LoadTestReport | null; readonly failure: string | null } {
  const answer = loadTestAnswerSchema.safeParse(parsed(output)).data;
  if (answer === undefined) return { report: null, failure: talk };
  return answer.kind === "report"
    ? { report: answer.report, failure: null }
    : { report: null, failure: `${answer.code}: ${answer.message}` };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
