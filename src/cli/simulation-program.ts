import { spawn } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type * as z from "zod";
import { Fault } from "../base/fault.ts";
import { type FaultCode, faultKinds } from "../base/fault-codes.ts";
import {
  type SimulationAnswer,
  simulationAnswerSchema,
  type simulationTaskSchema,
} from "../scheduling/simulator/model.ts";
import type { CommandContext } from "./command-context.ts";

/** Last lines of the program's talk that explain its failure. */
const talkLinesShown = 15;

const ownPath = fileURLToPath(import.meta.url);
const program = fileURLToPath(new URL(`../scheduling/tasks/simulate${extname(ownPath)}`, import.meta.url));

/**
 * Runs one simulation in a process of its own and passes its talk on.
 *
 * @throws {Fault} the program's own fault, or `cli.simulation-failed` with its last lines.
 */
export async function runSimulation(
  context: CommandContext,
  task: z.input<typeof simulationTaskSchema>,
): Promise<Extract<SimulationAnswer, { readonly kind: "report" }>> {
  const child = spawn(process.execPath, [...process.execArgv, program], {
    stdio: ["pipe", "pipe", "pipe"],
    env: context.environment.variables,
    signal: context.signal,
  });
  const talk: string[] = [];
  const lines = createInterface({ input: child.stderr });
  lines.on("line", (line) => {
    talk.push(line);
    if (talk.length > talkLinesShown) talk.shift();
    context.terminal.say(line);
  });
  let output = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (chunk: string) => (output += chunk));
  child.stdin.on("error", () => undefined);
  child.stdin.end(JSON.stringify(task));
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  const answer = code === 0 ? simulationAnswerSchema.safeParse(JSON.parse(output)) : undefined;
  if (answer?.success !== true) {
    const end = signal ?? (code === 0 ? "an answer of another shape" : `exit code ${code}`);
    throw new Fault("cli.simulation-failed", `the simulation ended with ${end}:\n${talk.join("\n") || "(nothing)"}`);
  }
  if (answer.data.kind === "fault") throw toFault(answer.data.code, answer.data.message);
  return answer.data;
}

function toFault(code: string, message: string): Fault {
  return new Fault(isFaultCode(code) ? code : "cli.simulation-failed", message);
}

function isFaultCode(code: string): code is FaultCode {
  return Object.hasOwn(faultKinds, code);
}
