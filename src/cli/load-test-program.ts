import { spawn } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Fault } from "../base/fault.ts";
import { type FaultCode, faultKinds } from "../base/fault-codes.ts";
import {
  type LoadTestProgress,
  loadTestAnswerSchema,
  loadTestProgressSchema,
  type LoadTestReport,
  type LoadTestTask,
} from "../serving/loadtest/model.ts";
import type { CommandContext } from "./command-context.ts";

/** Last lines of the program's talk that explain its failure. */
const talkLinesShown = 15;

const ownPath = fileURLToPath(import.meta.url);
const program = fileURLToPath(new URL(`../serving/tasks/load-test${extname(ownPath)}`, import.meta.url));

/**
 * Runs a load test in a process of its own. Ctrl-C ends the test early; what was answered until then is reported.
 *
 * @throws {Fault} the program's own fault, or `cli.load-test-failed` with its last lines.
 */
export async function runLoadTestProgram(
  context: Pick<CommandContext, "environment" | "signal">,
  task: LoadTestTask,
  onProgress: (progress: LoadTestProgress) => void,
): Promise<LoadTestReport> {
  const child = spawn(process.execPath, [...process.execArgv, program], {
    stdio: ["pipe", "pipe", "pipe"],
    env: context.environment.variables,
  });
  const stop = (): void => void child.kill("SIGTERM");
  context.signal.addEventListener("abort", stop, { once: true });
  const talk: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    const progress = parseProgress(line);
    if (progress !== null) return onProgress(progress);
    talk.push(line);
    if (talk.length > talkLinesShown) talk.shift();
  });
  let output = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (chunk: string) => (output += chunk));
  child.stdin.on("error", () => undefined);
  child.stdin.end(JSON.stringify(task));
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  context.signal.removeEventListener("abort", stop);
  const answer = code === 0 ? loadTestAnswerSchema.safeParse(JSON.parse(output)) : undefined;
  if (answer?.success !== true) {
    const end = signal ?? (code === 0 ? "an answer of another shape" : `exit code ${code}`);
    throw new Fault("cli.load-test-failed", `the load test ended with ${end}:\n${talk.join("\n") || "(nothing)"}`);
  }
  if (answer.data.kind === "fault") {
    const { code: found, message } = answer.data;
    throw new Fault(isFaultCode(found) ? found : "cli.load-test-failed", message);
  }
  return answer.data.report;
}

function parseProgress(line: string): LoadTestProgress | null {
  if (!line.startsWith("{")) return null;
  try {
    return loadTestProgressSchema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}

function isFaultCode(code: string): code is FaultCode {
  return Object.hasOwn(faultKinds, code);
}
