import { parseIsoDate } from "../../base/iso-date.ts";
import { Fault } from "../../base/fault.ts";
import { usageSums } from "../../compute/model.ts";
import { type CommandContext, printJson } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { readField, readText } from "../field-path.ts";
import { type Item, toItem, toItems } from "../item.ts";
import { renderTable } from "../table.ts";

export interface UsageInput {
  /** Names joined by commas, such as `project,day`. */
  readonly by?: string;
  /** Dates or moments in UTC. */
  readonly from?: string;
  readonly to?: string;
}

/** Adds up who held GPUs, for what, and what the time was worth. */
export async function usage(context: CommandContext, input: UsageInput): Promise<number> {
  const by = input.by ?? "project,purpose";
  const names = by.split(",");
  const unknown = names.find((name) => !usageSums.some((each) => each === name));
  if (unknown !== undefined) {
    throw new Fault("cli.argument-invalid", `--by ${unknown} means nothing; write ${usageSums.join(", ")}`);
  }
  const client = await context.connect();
  const query = {
    by,
    project: context.project,
    from: momentOf("--from", input.from),
    to: momentOf("--to", input.to),
  };
  const answer = toItem(await client.get("/api/v1/usage", query, context.signal));
  const items = toItems(answer);
  if (context.format === "json") printJson(context, answer);
  else if (items.length === 0) context.terminal.say("nothing was used in that time");
  else for (const line of renderUsage(context, names, items)) context.terminal.print(line);
  return exitCodes.ok;
}

function momentOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const moment = parseIsoDate(text);
  if (moment !== undefined) return moment;
  throw new Fault("cli.argument-invalid", `${option} ${text} is no date; write 2026-02-01 or 2026-02-01T06:30:00Z`);
}

const figures: readonly (readonly [string, string])[] = [
  ["USEFUL", "gpuSeconds.useful"],
  ["IDLE", "gpuSeconds.idle"],
  ["LOST", "gpuSeconds.lost"],
  ["PREEMPTED", "lostTo.preempted"],
  ["FAILED", "lostTo.failed"],
  ["HELD NOW", "gpuSeconds.open"],
  ["CPU HOURS", "cpuSeconds"],
];

/** GPU-hours, but for the last column. */
function renderUsage(context: CommandContext, names: readonly string[], items: readonly Item[]): readonly string[] {
  const columns = [
    ...names.map((heading) => ({ heading, align: "left" as const, canShrink: false })),
    ...figures.map(([heading]) => ({ heading, align: "right" as const, canShrink: false })),
  ];
  const rows = items.map((item) =>
    [...names.map((name) => readText(item, name, "-")), ...figures.map(([, path]) => hours(item, path))].map(
      (text) => ({
        text,
        tone: "plain" as const,
      }),
    ),
  );
  return renderTable(columns, rows, context.terminal);
}

function hours(item: Item, path: string): string {
  const seconds = readField(item, path);
  if (typeof seconds !== "number") return "-";
  const amount = seconds / 3600;
  return amount === 0 ? "0" : amount < 100 ? amount.toFixed(2) : amount.toFixed(0);
}
