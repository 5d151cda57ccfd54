import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { Fault } from "../../base/fault.ts";
import { BatchCalls } from "../batch-calls.ts";
import { BatchProgress } from "../batch-progress.ts";
import { type BatchTableInput, batchTable } from "./batch-table.ts";
import { type CommandContext, printJson, sayNext } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { readField, readText } from "../field-path.ts";
import type { Item } from "../item.ts";
import { formatInstant } from "../relative-time.ts";
import { renderTable, type TableCell } from "../table.ts";
import { toneOf } from "../tone.ts";

/** Between two looks at a batch. */
const lookMs = 1_000;

/** How often its progress is told. */
const tellMs = 5_000;

/** Where requests go that say nothing else. */
const defaultEndpoint = "/v1/chat/completions";

/** Batches that a listing shows. */
const listMax = 50;

export interface BatchRunInput extends Partial<Omit<BatchTableInput, "window">> {
  /** The requests, one JSON object a line; absent: they are made of the rows of `input`. */
  readonly file?: string;
  readonly endpoint?: string;
  readonly window: string;
}

/** Sends a file of requests as a batch, follows it, and fetches the answers; or does so for the rows of a table. */
export async function batchRun(context: CommandContext, given: BatchRunInput): Promise<number> {
  const { file, input, model, endpoint = defaultEndpoint, window } = given;
  if (file === undefined && input !== undefined && model !== undefined) {
    return await batchTable(context, { ...given, input, model });
  }
  if (file === undefined || input !== undefined) {
    throw new Fault("cli.argument-invalid", "batch run wants a FILE of requests, or --input and --model");
  }
  const calls = new BatchCalls(await context.connect(), context);
  context.terminal.say(`uploading ${file}`);
  const batch = await calls.begin(await calls.upload(file), endpoint, window);
  const id = readText(batch, "id");
  if (given.detach === true) {
    if (context.format === "json") printJson(context, batch);
    else context.terminal.print(id);
    sayNext(context, [`millwright batch status ${id}`, `millwright batch cancel ${id}`]);
    return exitCodes.ok;
  }
  context.terminal.say(`batch ${id}; it goes on when this program ends`);
  return await finish(context, calls, await follow(context, calls, id), given.out);
}

async function follow(context: CommandContext, calls: BatchCalls, id: string): Promise<Item> {
  const progress = new BatchProgress();
  let told = { at: 0, status: "" };
  for (;;) {
    const batch = await calls.look(id);
    const [at, status] = [context.clock.now(), readText(batch, "status")];
    const sentence = progress.describe({ at, status, ...countsOf(batch) });
    if (status !== told.status || at - told.at >= tellMs) {
      context.terminal.say(sentence);
      told = { at, status };
    }
    if (["completed", "failed", "expired", "cancelled"].includes(status)) return batch;
    await context.pause(lookMs, context.signal);
  }
}

function countsOf(batch: Item): { readonly total: number; readonly completed: number; readonly failed: number } {
  const count = (name: string): number => Number(readField(batch, `request_counts.${name}`) ?? 0);
  return { total: count("total"), completed: count("completed"), failed: count("failed") };
}

async function finish(
  context: CommandContext,
  calls: BatchCalls,
  batch: Item,
  out: string | undefined,
): Promise<number> {
  if (context.format === "json") printJson(context, batch);
  tellProblems(context, batch);
  const [answers, errors] = [readText(batch, "output_file_id"), readText(batch, "error_file_id")];
  if (out !== undefined) {
    await save(context, calls, answers, out, "answers");
    await save(context, calls, errors, errorsPath(out), "errors");
  } else if (context.format === "text") {
    if (answers !== "") for await (const chunk of await calls.content(answers)) await context.terminal.write(chunk);
    if (errors !== "")
      context.terminal.say("some requests failed; --out FILE keeps what they were told beside the answers");
  }
  const isGood = readText(batch, "status") === "completed" && countsOf(batch).failed === 0;
  return isGood ? exitCodes.ok : exitCodes.failed;
}

function tellProblems(context: CommandContext, batch: Item): void {
  const problems = readField(batch, "errors.data");
  if (!Array.isArray(problems)) return;
  for (const problem of problems) {
    const line = readText(problem, "line");
    context.terminal.complain(`${line === "" ? "" : `line ${line}: `}${readText(problem, "message")}`);
  }
}

async function save(
  context: CommandContext,
  calls: BatchCalls,
  fileId: string,
  path: string,
  what: string,
): Promise<void> {
  if (fileId === "") return;
  await pipeline(await calls.content(fileId), createWriteStream(path), { signal: context.signal });
  context.terminal.say(`${what}: ${path}`);
}

/** `answers.jsonl` → `answers.errors.jsonl`. */
function errorsPath(out: string): string {
  const cut = out.endsWith(".jsonl") ? out.slice(0, -".jsonl".length) : out;
  return `${cut}.errors.jsonl`;
}

export interface BatchTarget {
  readonly id: string;
}

/** Shows how far a batch is. */
export async function batchStatus(context: CommandContext, { id }: BatchTarget): Promise<number> {
  const batch = await new BatchCalls(await context.connect(), context).look(id);
  show(context, batch);
  tellProblems(context, batch);
  return exitCodes.ok;
}

/** Ends a batch early. */
export async function batchCancel(context: CommandContext, { id }: BatchTarget): Promise<number> {
  show(context, await new BatchCalls(await context.connect(), context).cancel(id));
  sayNext(context, [`millwright batch status ${id}`]);
  return exitCodes.ok;
}

function show(context: CommandContext, batch: Item): void {
  if (context.format === "json") printJson(context, batch);
  else if (context.format === "quiet") context.terminal.print(readText(batch, "status"));
  else {
    const look = { at: context.clock.now(), status: readText(batch, "status"), ...countsOf(batch) };
    context.terminal.print(new BatchProgress().describe(look));
  }
}

/** Lists the newest batches. */
export async function batchList(context: CommandContext): Promise<number> {
  const batches = await new BatchCalls(await context.connect(), context).list(listMax);
  if (context.format === "json") printJson(context, { items: batches });
  else if (context.format === "quiet") for (const batch of batches) context.terminal.print(readText(batch, "id"));
  else if (batches.length === 0) context.terminal.say("there are no batches");
  else for (const line of renderBatches(context, batches)) context.terminal.print(line);
  return exitCodes.ok;
}

function renderBatches(context: CommandContext, batches: readonly Item[]): readonly string[] {
  const columns = ["ID", "STATUS", "DONE", "FAILED", "ENDPOINT", "CREATED", "EXPIRES"].map((heading) => ({
    heading,
    align: heading === "DONE" || heading === "FAILED" ? ("right" as const) : ("left" as const),
    canShrink: heading === "ENDPOINT",
  }));
  const now = context.clock.now();
  const rows = batches.map((batch): readonly TableCell[] => {
    const status = readText(batch, "status");
    const { total, completed, failed } = countsOf(batch);
    return [
      { text: readText(batch, "id"), tone: "plain" },
      { text: status, tone: toneOf(status) },
      { text: `${completed + failed}/${total}`, tone: "plain" },
      { text: String(failed), tone: failed > 0 ? "bad" : "plain" },
      { text: readText(batch, "endpoint"), tone: "plain" },
      { text: formatInstant(1_000 * Number(readField(batch, "created_at") ?? 0), now), tone: "dim" },
      { text: formatInstant(1_000 * Number(readField(batch, "expires_at") ?? 0), now), tone: "dim" },
    ];
  });
  return renderTable(columns, rows, context.terminal);
}
