import { readFile } from "node:fs/promises";
import { Fault } from "../../base/fault.ts";
import { parseDuration } from "../../base/units.ts";
import { kinds } from "../../server/kinds.ts";
import { type LoadTestProgress, loadTestTaskSchema, type LoadTestTask } from "../../serving/loadtest/model.ts";
import { type CommandContext, printJson } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { readText } from "../field-path.ts";
import { findItem, nameOf, projectOf } from "../item.ts";
import { progressLine, reportLines } from "../load-test-lines.ts";
import { runLoadTestProgram } from "../load-test-program.ts";
import { allNouns, findNoun } from "../noun.ts";
import { parseSlo } from "../slo-option.ts";

/** How often the progress is told where it cannot be drawn again. */
const quietTellMs = 5_000;

export interface LoadTestInput {
  /** A deployment's name, or the address of a server. */
  readonly target: string;
  readonly rate: string;
  readonly duration: string;
  readonly inputTokens: string;
  readonly outputTokens: string;
  readonly prefixes?: number;
  readonly prefixTokens: number;
  readonly zipf: string;
  readonly turns: number;
  readonly think: string;
  readonly slo?: string;
  readonly seed: number;
  readonly maxInFlight: number;
  readonly drain: string;
  readonly ignoreEos?: boolean;
  readonly rows: number;
  readonly body?: string;
  /** For an address: the model's name there, what it speaks, and the environment's name for its key. */
  readonly model?: string;
  readonly protocol: string;
  readonly keyEnv?: string;
}

/** How the program is run; tests give another one. */
export type LoadTestRunner = typeof runLoadTestProgram;

/** Sends requests at a rate and tells how they were answered. Exit code 1 when none was. */
export async function loadtest(
  context: CommandContext,
  input: LoadTestInput,
  runTest: LoadTestRunner = runLoadTestProgram,
): Promise<number> {
  const shape = shapeOf(input);
  const task = parseTask({ shape, target: { ...(await targetOf(context, input)), body: await bodyOf(input) } });
  const report = await runTest(context, task, progressTeller(context));
  const { shape: asked, ...rest } = report;
  if (context.format === "json") printJson(context, { shape: asked, ...rest });
  else if (context.format === "quiet") context.terminal.print(String(report.throughput.requestsPerSecond));
  else for (const line of reportLines(report, context.terminal)) context.terminal.print(line);
  return report.requests.done > 0 ? exitCodes.ok : exitCodes.failed;
}

function shapeOf(input: LoadTestInput): object {
  return {
    rate: positive("--rate", input.rate),
    durationMs: parseDuration(input.duration),
    seed: input.seed,
    inputTokens: input.inputTokens,
    outputTokens: input.outputTokens,
    prefixes:
      input.prefixes === undefined
        ? null
        : { count: input.prefixes, tokens: input.prefixTokens, zipf: positive("--zipf", input.zipf) },
    turns: input.turns,
    thinkMs: parseDuration(input.think),
    slo: input.slo === undefined ? null : parseSlo(input.slo),
    ignoresEnd: input.ignoreEos === true,
    rows: input.rows,
    maxInFlight: input.maxInFlight,
    drainMs: parseDuration(input.drain),
  };
}

/** Where requests go: as the deployment says, or as the command line does. */
async function targetOf(context: CommandContext, input: LoadTestInput): Promise<object> {
  if (/^https?:\/\//.test(input.target)) {
    if (input.model === undefined) {
      throw new Fault("cli.argument-invalid", `which model of ${input.target}? name it with --model`);
    }
    const key = input.keyEnv === undefined ? null : keyFrom(context, input.keyEnv);
    return { url: input.target, protocol: input.protocol, model: input.model, key };
  }
  const client = await context.connect();
  const noun = findNoun("Deployment", allNouns(kinds));
  const deployment = await findItem(client, noun, input.target, context.project, context.signal);
  const url = readText(deployment, "status.url", "");
  if (url === "") {
    const phase = readText(deployment, "status.phase", "pending");
    const message = `deployment ${input.target} does not serve: it is ${phase}; see: millwright describe deployment/${input.target}`;
    throw new Fault("cli.argument-invalid", message);
  }
  return {
    url: url.replace(/\/v[12](\/.*)?$/, ""),
    protocol: /\/v2(\/|$)/.test(url) ? "v2" : "openai",
    model: input.model ?? nameOf(deployment),
    key: client.key ?? null,
    headers: { "x-millwright-project": projectOf(deployment) ?? "default" },
  };
}

function keyFrom(context: CommandContext, name: string): string {
  const key = context.environment.variables[name];
  if (key !== undefined && key !== "") return key;
  throw new Fault("cli.argument-invalid", `--key-env names ${name}, which the environment does not hold`);
}

async function bodyOf({ body }: LoadTestInput): Promise<unknown> {
  if (body === undefined) return null;
  try {
    return JSON.parse(await readFile(body, "utf8"));
  } catch (cause) {
    throw new Fault("cli.file-unreadable", `--body wants a file with JSON, "${body}": ${String(cause)}`, { cause });
  }
}

function parseTask(task: unknown): LoadTestTask {
  const parsed = loadTestTaskSchema.safeParse(task);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Fault("cli.argument-invalid", `${issue?.path.slice(1).join(".") ?? "load test"}: ${issue?.message ?? ""}`);
}

/** On a terminal the line is drawn again in place, else told every few seconds. */
function progressTeller(context: CommandContext): (progress: LoadTestProgress) => void {
  const { terminal, format } = context;
  let toldAt = 0;
  return (progress) => {
    if (format !== "text") return;
    if (terminal.isTerminal) {
      terminal.eraseLines(toldAt === 0 ? 0 : 1);
      terminal.print(progressLine(progress));
    } else if (progress.elapsedMs - toldAt >= quietTellMs) terminal.say(progressLine(progress));
    else return;
    toldAt = progress.elapsedMs;
  };
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new Fault("cli.argument-invalid", `${option} wants a number, found "${text}"`);
}
