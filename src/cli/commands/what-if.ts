import { type CommandContext, printJson } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { readText } from "../field-path.ts";
import { type Item, toItem, toList } from "../item.ts";
import { Fault } from "../../base/fault.ts";
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
  const sections = (["submitted", "sooner", "later"] as const).flatMap((sort) => {
    const items = toList(answer, sort);
    if (items.length === 0) return [];
    const more = items.length > linesMax ? [`  and ${items.length - linesMax} more`] : [];
    const lines = renderStarts(context, items.slice(0, linesMax), now).map((line) => `  ${line}`);
    return [paint(titles[sort], "heading"), ...lines, ...more, ""];
  });
  const problems = answer["problems"];
  const told = Array.isArray(problems) ? problems.map((problem) => `problem: ${String(problem)}`) : [];
  return [...sections, `unchanged: ${readText(answer, "unchanged", "0")}`, ...told];
}

const titles = {
  submitted: "what the change submits",
  sooner: "starts sooner",
  later: "starts later",
} as const;

function renderStarts(context: CommandContext, items: readonly Item[], now: number): readonly string[] {
  const columns = ["WORKLOAD", "PROJECT", "BEFORE", "AFTER"].map((heading) => ({
    heading,
    align: "left" as const,
    canShrink: heading === "WORKLOAD",
  }));
  const rows = items.map((item): readonly TableCell[] =>
    [
      readText(item, "name"),
      readText(item, "project", "-"),
      startAt(item, "before", now),
      startAt(item, "after", now),
    ].map((text) => ({ text, tone: "plain" })),
  );
  return renderTable(columns, rows, context.terminal);
}

function startAt(item: Item, field: string, now: number): string {
  const at = item[field];
  return typeof at === "number" ? formatInstant(at, now) : "-";
}
