import { Fault } from "../../base/fault.ts";
import { formatDuration } from "../../base/units.ts";
import { type CommandContext, printJson } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { readText } from "../field-path.ts";
import { type Item, toItem, toList } from "../item.ts";
import { readManifestSources } from "../manifest-source.ts";
import { readYaml } from "../manifest-yaml.ts";
import { formatInstant } from "../relative-time.ts";
import { renderTable, type TableCell } from "../table.ts";

/** So many lines of each sort are shown to people. */
const linesMax = 20;

export interface WhatIfInput {
  readonly file: readonly string[];
}

/** Tells what a change would do, on a copy of the platform's state: nothing live is touched. */
export async function whatIf(context: CommandContext, input: WhatIfInput): Promise<number> {
  const change = await readChange(context, input.file);
  const client = await context.connect();
  const answer = toItem(await client.post("/api/v1/whatif", change, context.signal));
  if (context.format === "json") printJson(context, answer);
  else for (const line of renderAnswer(context, answer)) context.terminal.print(line);
  return exitCodes.ok;
}

async function readChange(context: CommandContext, paths: readonly string[]): Promise<unknown> {
  const sources = await readManifestSources(paths, () => context.terminal.readInput());
  const readings = sources.map(readYaml);
  const [problem] = readings.flatMap((reading) => reading.problems);
  if (problem !== undefined) {
    throw new Fault("platform.yaml-invalid", `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`);
  }
  const documents = readings.flatMap((reading) => reading.documents);
  const [first] = documents;
  if (first !== undefined && documents.length === 1) return first.value;
  throw new Fault("cli.argument-invalid", `a change is one YAML document, and ${documents.length} were found`);
}

function renderAnswer(context: CommandContext, answer: Item): readonly string[] {
  const { paint } = context.terminal;
  const now = Number(answer["at"]);
  const starts = toList(answer, "starts");
  const evictions = toList(answer, "evictions");
  const lines = [
    ...section(paint("starts that change", "heading"), starts, (shown) => renderStarts(context, shown, now)),
    ...section(paint("evictions that change", "heading"), evictions, (shown) => renderEvictions(context, shown)),
    ...renderTotals(context, answer),
  ];
  const cut = answer["isCutOff"] === true ? ["looked at the near future only: much waits"] : [];
  return [...(starts.length + evictions.length === 0 ? ["nothing changes for anybody", ""] : []), ...lines, ...cut];
}

function section(
  title: string,
  items: readonly Item[],
  render: (shown: readonly Item[]) => readonly string[],
): readonly string[] {
  if (items.length === 0) return [];
  const more = items.length > linesMax ? [`  and ${items.length - linesMax} more`] : [];
  return [title, ...render(items.slice(0, linesMax)).map((line) => `  ${line}`), ...more, ""];
}

function renderStarts(context: CommandContext, items: readonly Item[], now: number): readonly string[] {
  const rows = items.map((item) => [
    readText(item, "name"),
    readText(item, "queue", "-"),
    readText(item, "kind"),
    startAt(item, "before", now),
    startAt(item, "after", now),
  ]);
  return renderRows(context, ["WORKLOAD", "QUEUE", "CHANGE", "BEFORE", "AFTER"], rows);
}

function renderEvictions(context: CommandContext, items: readonly Item[]): readonly string[] {
  const rows = items.map((item) => [
    readText(item, "name"),
    readText(item, "queue", "-"),
    readText(item, "before", "0"),
    readText(item, "after", "0"),
    formatHours(item, "lostGpuSecondsAfter"),
  ]);
  return renderRows(context, ["WORKLOAD", "QUEUE", "BEFORE", "AFTER", "LOST GPU HOURS"], rows);
}

/** The sums of both worlds side by side. */
function renderTotals(context: CommandContext, answer: Item): readonly string[] {
  const [before, after] = [toItem(answer["before"]), toItem(answer["after"])];
  const row = (label: string, show: (totals: Item) => string) => [label, show(before), show(after)];
  const rows = [
    row("waiting that starts", (totals) => readText(totals, "started", "0")),
    row("waiting that does not", (totals) => readText(totals, "neverStarted", "0")),
    row("mean wait", (totals) => formatDuration(Number(totals["waitMsMean"] ?? 0))),
    row("GPUs in use", (totals) => `${(100 * Number(totals["utilisation"] ?? 0)).toFixed(0)}%`),
    row("lost GPU hours", (totals) => formatHours(totals, "lostGpuSeconds")),
  ];
  return renderRows(context, ["IN ALL", "BEFORE", "AFTER"], rows);
}

function renderRows(
  context: CommandContext,
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const columns = headings.map((heading) => ({ heading, align: "left" as const, canShrink: heading === "WORKLOAD" }));
  const cells = rows.map((row) => row.map((text): TableCell => ({ text, tone: "plain" })));
  return renderTable(columns, cells, context.terminal);
}

function startAt(item: Item, field: string, now: number): string {
  const at = item[field];
  return typeof at === "number" ? formatInstant(at, now) : "-";
}

function formatHours(item: Item, field: string): string {
  return (Number(item[field] ?? 0) / 3600).toFixed(1);
}
