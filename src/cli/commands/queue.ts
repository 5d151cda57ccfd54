import { type CommandContext, printJson } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { readField, readText } from "../field-path.ts";
import { type Item, nameOf, projectOf, toItem, toItems } from "../item.ts";
import { formatAge, formatInstant } from "../relative-time.ts";
import { renderTable, type TableCell } from "../table.ts";
import { toneOf } from "../tone.ts";

/** Lists what waits and what runs, each waiting item with its planned start and its reason. */
export async function queue(context: CommandContext): Promise<number> {
  const client = await context.connect();
  const answer = toItem(await client.get("/api/v1/queue", { project: context.project }, context.signal));
  const items = toItems(answer);
  if (context.format === "json") printJson(context, answer);
  else if (context.format === "quiet") for (const item of items) context.terminal.print(nameOf(item));
  else if (items.length === 0) context.terminal.say("nothing waits and nothing runs");
  else for (const line of [...renderQueue(context, items), ...renderRecords(answer)]) context.terminal.print(line);
  return exitCodes.ok;
}

function renderQueue(context: CommandContext, items: readonly Item[]): readonly string[] {
  const columns = ["POS", "PROJECT", "WORKLOAD", "OWNER", "STATE", "AGE", "START", "REASON"].map((heading) => ({
    heading,
    align: "left" as const,
    canShrink: heading === "REASON" || heading === "OWNER",
  }));
  const now = context.clock.now();
  const rows = items.map((item): readonly TableCell[] => {
    const state = readText(item, "state");
    const owner = readText(item, "owner.kind");
    const queuedAt = item["queuedAt"];
    return [
      { text: readText(item, "position", "-"), tone: "plain" },
      { text: projectOf(item) ?? "-", tone: "dim" },
      { text: nameOf(item), tone: "plain" },
      { text: owner === "" ? "-" : `${owner}/${readText(item, "owner.name")}`, tone: "plain" },
      { text: state, tone: toneOf(state) },
      { text: typeof queuedAt === "number" ? formatAge(now - queuedAt) : "-", tone: "plain" },
      { text: startOf(item, now), tone: "plain" },
      { text: readText(item, "reason.sentence", readText(item, "phase")), tone: "plain" },
    ];
  });
  return renderTable(columns, rows, context.terminal);
}

/** How the p90 estimates that `why` tells have held lately, by pool. */
function renderRecords(answer: Item): readonly string[] {
  const records = readField(answer, "estimates");
  const lines = (Array.isArray(records) ? records : []).map(
    (each) =>
      `of the last ${readText(each, "made")} p90 estimates in pool ${readText(each, "pool")} ${readText(each, "held")} held`,
  );
  return lines.length === 0 ? [] : ["", ...lines];
}

/** When it is planned to start; `held`: as soon as the room is free that is made for it. */
function startOf(item: Item, now: number): string {
  const at = readField(item, "plannedStart.at");
  if (typeof at !== "number") return "-";
  if (readField(item, "plannedStart.isHeld") === true) return "held";
  return at <= now ? "now" : formatInstant(at, now);
}
