import { extname } from "node:path";
import { Fault } from "../../base/fault.ts";
import { BatchCalls } from "../batch-calls.ts";
import { BatchProgress } from "../batch-progress.ts";
import { chatRows } from "../chat-rows.ts";
import { type CommandContext, printJson, sayNext } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { readField, readText } from "../field-path.ts";
import type { ResultColumn } from "../parquet-table.ts";
import { formatAge } from "../relative-time.ts";
import type { PreparedRow, RowModel } from "../row-model.ts";
import { tableEntries, tableKind } from "../table-entry.ts";
import { maxPartLines, type Pass, TableRun } from "../table-run.ts";
import { fingerprintOf, readState, statePath } from "../table-run-state.ts";
import { tensorRows } from "../tensor-rows.ts";

/** Between two looks at the batches, and between two sentences of progress. */
const lookMs = 1_000;
const tellMs = 5_000;

/** Rows of one request of tensors. */
const defaultRowsPerRequest = 256;

export interface BatchTableInput {
  /** The table: .parquet, .csv or .jsonl. */
  readonly input: string;
  readonly model: string;
  /** Makes each row a chat; absent: rows become the model's tensors. */
  readonly prompt?: string;
  readonly system?: string;
  readonly maxTokens?: number;
  /** Columns that make up the one input that has none of its own name, by commas. */
  readonly columns?: string;
  readonly rowsPerRequest?: number;
  readonly out?: string;
  readonly window: string;
  readonly detach?: boolean;
}

/** Asks a model for every row of a table, and writes the table again with the answers beside the rows. */
export async function batchTable(context: CommandContext, given: BatchTableInput): Promise<number> {
  const { input, model: name, prompt, system, maxTokens, columns, window } = given;
  const rowsPerRequest = given.rowsPerRequest ?? defaultRowsPerRequest;
  const out = given.out ?? answersPath(input);
  const fingerprint = await fingerprintOf(input, { name, prompt, system, maxTokens, columns, rowsPerRequest });
  const calls = new BatchCalls(await context.connect(), context);
  const model =
    prompt === undefined
      ? tensorRows({
          model: name,
          metadata: await calls.modelMetadata(name),
          columns: columns?.split(",").map((column) => column.trim()) ?? null,
          rowsPerRequest,
        })
      : chatRows({ ...given, model: name, prompt });
  const own = await ownColumns(context, model, input);
  const found = await readState(out, fingerprint);
  const say = (sentence: string): void => context.terminal.say(sentence);
  if (found !== undefined) say(`going on with the run of ${statePath(out)}`);
  const { signal } = context;
  const run = new TableRun(
    { calls, input, out, window, model, columns: own, partLines: maxPartLines, signal, say },
    fingerprint,
    found,
  );
  const beganAt = context.clock.now();
  await run.send(0);
  if (given.detach === true) {
    for (const { batchId } of run.parts(0)) context.terminal.print(batchId);
    sayNext(context, ["the same command without --detach follows it and writes the table"]);
    return exitCodes.ok;
  }
  say("the batches go on when this program ends; the same command takes them up again");
  await follow(context, calls, run, 0);
  await run.findSplit();
  await run.send(1);
  await follow(context, calls, run, 1);
  return tell(context, out, await run.write(), context.clock.now() - beganAt);
}

/** The columns beside a row's own: none may take the place of one that the table has. */
async function ownColumns(context: CommandContext, model: RowModel, input: string): Promise<readonly ResultColumn[]> {
  const taken = new Set<string>();
  let rows = 0;
  for await (const { row, problem } of tableEntries(input, context.signal)) {
    rows += 1;
    if (rows === 1 && problem === null) checkFirst(model.prepare(row));
    for (const name of Object.keys(row)) taken.add(name);
    // Only the rows of JSON lines differ in what they have.
    if (tableKind(input) !== "jsonl") break;
  }
  if (rows === 0) throw new Fault("cli.argument-invalid", `"${input}" has no rows`);
  const free = (name: string): string => (taken.has(name) ? free(`${name}_`) : name);
  return [...model.columns, { name: "error", type: "VARCHAR" }].map(({ name, type }) => ({ name: free(name), type }));
}

/** What the first row lacks, all may lack: a wrong option is told before anything is sent. */
function checkFirst(prepared: PreparedRow): void {
  if (prepared.kind === "ready" || !/ no column |names the column /.test(prepared.problem)) return;
  throw new Fault("cli.argument-invalid", prepared.problem);
}

async function follow(context: CommandContext, calls: BatchCalls, run: TableRun, pass: Pass): Promise<void> {
  const progress = new BatchProgress("rows");
  let toldAt = Number.NEGATIVE_INFINITY;
  const parts = run.parts(pass);
  const total = parts.reduce((sum, { rows }) => sum + rows, 0);
  for (;;) {
    let [completed, failed, isOver] = [0, 0, true];
    for (const { batchId, rows } of parts) {
      const batch = await calls.look(batchId);
      const status = readText(batch, "status");
      if (status === "failed") throw refusedBatch(batchId, batch);
      isOver &&= ["completed", "expired", "cancelled"].includes(status);
      const share = rows / Math.max(1, Number(readField(batch, "request_counts.total") ?? 0));
      completed += share * Number(readField(batch, "request_counts.completed") ?? 0);
      failed += share * Number(readField(batch, "request_counts.failed") ?? 0);
    }
    if (isOver) return;
    const at = context.clock.now();
    const look = { at, status: "in_progress", total, completed: Math.round(completed), failed: Math.round(failed) };
    const sentence = progress.describe(look);
    if (at - toldAt >= tellMs) {
      context.terminal.say(sentence);
      toldAt = at;
    }
    await context.pause(lookMs, context.signal);
  }
}

function refusedBatch(batchId: string, batch: unknown): Fault {
  const problems = readField(batch, "errors.data");
  const first: unknown = Array.isArray(problems) ? problems[0] : undefined;
  return new Fault("cli.argument-invalid", `batch ${batchId} was refused: ${readText(first, "message")}`);
}

function tell(
  context: CommandContext,
  out: string,
  { rows, failed }: { readonly rows: number; readonly failed: number },
  spentMs: number,
): number {
  const perSecond = Math.round((1_000 * rows) / Math.max(1, spentMs));
  if (context.format === "json") printJson(context, { out, rows, failed, spent_ms: spentMs });
  else if (context.format === "quiet") context.terminal.print(out);
  context.terminal.say(`${rows} rows in ${formatAge(spentMs)}, ${perSecond} rows/s, ${failed} with an error: ${out}`);
  return failed === 0 ? exitCodes.ok : exitCodes.failed;
}

/** `reviews.csv` → `reviews.answers.csv`. */
function answersPath(input: string): string {
  const extension = extname(input);
  return `${input.slice(0, input.length - extension.length)}.answers${extension}`;
}
