/**
 * The program of a load test: reads its task as JSON from standard input, sends the requests, and writes its answer as JSON to standard
 * output and its progress to standard error, one JSON object a line. A process of its own, so that nothing else's work is measured.
 *
 * Ends with 0 when it answered, also when the answer is a fault; anything else is a bug. SIGTERM and SIGINT end the test early: what
 * was answered until then is reported.
 */
import { isFault } from "../../base/fault.ts";
import { runLoadTest } from "../drivers/run-load-test.ts";
import { type LoadTestAnswer, loadTestTaskSchema } from "../loadtest/model.ts";

const stopped = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopped.abort());

async function readInput(): Promise<string> {
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) text += String(chunk);
  return text;
}

async function answerInput(): Promise<LoadTestAnswer> {
  try {
    const task = loadTestTaskSchema.parse(JSON.parse(await readInput()));
    const tell = (progress: object): void => void process.stderr.write(`${JSON.stringify(progress)}\n`);
    return { kind: "report", report: await runLoadTest(task, tell, stopped.signal) };
  } catch (error) {
    if (!isFault(error)) throw error;
    return { kind: "fault", code: error.code, message: error.message };
  }
}

process.stdout.write(`${JSON.stringify(await answerInput())}\n`);
