import { Fault } from "../../base/fault.ts";
import { kinds } from "../../server/kinds.ts";
import type { ApiClient } from "../api-client.ts";
import { type CommandContext, printJson, sayNext } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { readField, readText } from "../field-path.ts";
import { findItem, type Item, itemPath, nameOf, projectOf, toItem, toList } from "../item.ts";
import { allNouns, findNoun } from "../noun.ts";
import { renderTable, type TableCell } from "../table.ts";
import { toneOf } from "../tone.ts";

export interface TrafficInput {
  /** The deployment. */
  readonly name: string;
  /** `VERSION=PERCENT`, such as `v2=10`; absent: show only. */
  readonly split?: string;
  readonly reason?: string;
}

/** Shows how a deployment's requests are split and what its rollout knows; or sets the split of a paused rollout. */
export async function traffic(context: CommandContext, input: TrafficInput): Promise<number> {
  const client = await context.connect();
  const noun = findNoun("deployment", allNouns(kinds));
  const deployment = await findItem(client, noun, input.name, context.project, context.signal);
  const path = itemPath(noun, projectOf(deployment), nameOf(deployment));
  if (input.split !== undefined) {
    await setSplit(context, client, path, input.split, input.reason);
    return exitCodes.ok;
  }
  const answer = toItem(await client.get(`${path}/traffic`, {}, context.signal));
  const looks = toList(toItem(await client.get(`${path}/rollouts`, { limit: 1 }, context.signal)), "looks");
  const split = toList(readField(deployment, "status"), "traffic");
  const rollout = readField(deployment, "status.rollout") ?? null;
  if (context.format === "json") printJson(context, { split, rollout, look: looks[0] ?? null, ...answer });
  else if (context.format === "quiet") {
    for (const each of split) context.terminal.print(`${readText(each, "version")}=${readText(each, "percent")}`);
  } else printTraffic(context, split, answer, rollout, lookAt(rollout, looks[0]));
  sayNext(context, nextSteps(nameOf(deployment), rollout));
  return exitCodes.ok;
}

/** The newest look, unless it is of a rollout before this one. */
function lookAt(rollout: unknown, newest: unknown): unknown {
  return readText(newest, "versionId") === readText(rollout, "versionId") ? newest : undefined;
}

async function setSplit(
  context: CommandContext,
  client: ApiClient,
  path: string,
  split: string,
  reason: string | undefined,
): Promise<void> {
  const [, version = "", percent = ""] = /^v?([^=]+)=(\d+(?:\.\d+)?)%?$/.exec(split) ?? [];
  if (version === "") {
    throw new Fault("cli.argument-invalid", `a split is written VERSION=PERCENT, such as v2=10; found ${split}`);
  }
  const body = { action: "split", version, percent: Number(percent), reason: reason ?? "decided on the command line" };
  const answer = toItem(await client.post(`${path}/rollout`, body, context.signal));
  if (context.format === "json") printJson(context, answer);
  else
    context.terminal.print(`version ${version} gets ${percent} % of the requests of ${readText(answer, "deployment")}`);
}

function printTraffic(
  context: CommandContext,
  split: readonly unknown[],
  answer: Item,
  rollout: unknown,
  look: unknown,
): void {
  const versions = toList(answer, "versions");
  const rows = split.map((share) => {
    // A baseline serves the champion's version, whose figures are of both together: they stand with the champion.
    const isBaseline = readText(share, "arm") === "baseline";
    const total = versions.find((each) => !isBaseline && readText(each, "versionId") === readText(share, "versionId"));
    const counts = ["requests", "errors"].map((field) => readText(total, `total.${field}`, "-"));
    const figures = [...counts, ...["p50Ms", "p99Ms"].map((field) => shownMs(readField(total, `total.${field}`)))];
    return cells(readText(share, "version"), readText(share, "arm"), `${readText(share, "percent")} %`, ...figures);
  });
  print(context, ["VERSION", "ARM", "SHARE", "REQUESTS", "ERRORS", "P50 MS", "P99 MS"], 2, rows);
  if (rollout === null) return;
  const state = readText(rollout, "state");
  // While it runs, the last look knows more than what was decided last.
  const reason = readText(state === "running" ? look : rollout, "reason", readText(rollout, "reason"));
  context.terminal.print("");
  context.terminal.print(
    `${readText(rollout, "strategy")} of version ${readText(rollout, "version")}: ${context.terminal.paint(state, toneOf(state))}, ${reason}`,
  );
  const metrics = toList(look, "metrics").filter((metric) => readField(metric, "comparison") !== null);
  if (metrics.length === 0) return;
  context.terminal.print("");
  print(context, ["METRIC", "VERDICT", "DIFFERENCE", "FROM", "TO", "MARGIN"], 2, metrics.map(metricCells));
}

/** Milliseconds to three digits. */
function shownMs(value: unknown): string {
  return typeof value === "number" ? String(Number(value.toPrecision(3))) : "-";
}

/** Metrics that are compared in logarithms: their differences are shown as ratios. */
const ratios: ReadonlySet<string> = new Set(["latency", "ttft", "tpot"]);

function metricCells(metric: unknown): readonly TableCell[] {
  const name = readText(metric, "metric");
  const shown = (path: string): string => {
    const value = readField(metric, path);
    if (typeof value !== "number") return "-";
    return ratios.has(name) ? `× ${Math.exp(value).toFixed(2)}` : `${value >= 0 ? "+" : ""}${value.toFixed(4)}`;
  };
  const figures = ["comparison.difference", "comparison.lower", "comparison.upper", "margin"].map(shown);
  return cells(name, readText(metric, "verdict"), ...figures);
}

function cells(...texts: readonly string[]): readonly TableCell[] {
  return texts.map((text) => ({ text, tone: "plain" }));
}

/** @param words how many columns, from the left, hold words. */
function print(
  context: CommandContext,
  headings: readonly string[],
  words: number,
  rows: readonly (readonly TableCell[])[],
): void {
  const columns = headings.map((heading, index) => ({
    heading,
    align: index < words ? ("left" as const) : ("right" as const),
    canShrink: false,
  }));
  for (const line of renderTable(columns, rows, context.terminal)) context.terminal.print(line);
}

function nextSteps(name: string, rollout: unknown): readonly string[] {
  const state = readText(rollout, "state");
  if (state === "paused") {
    return [
      `millwright promote ${name}`,
      `millwright rollback ${name}`,
      `millwright traffic ${name} v${readText(rollout, "version")}=10`,
    ];
  }
  if (state === "running" || state === "starting") return [`millwright rollback ${name}`];
  return [`millwright describe deployment ${name}`];
}
