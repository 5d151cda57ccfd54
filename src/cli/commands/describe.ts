import { stringify } from "yaml";
import type { LoggedEvent } from "../../platform/event.ts";
import { kinds } from "../../server/kinds.ts";
import { type CommandContext, printJson, sayNext } from "../command-context.ts";
import { readEventPage } from "../event-feed.ts";
import { renderEvents } from "../event-line.ts";
import { exitCodes } from "../exit-code.ts";
import { readField, readText } from "../field-path.ts";
import { findItem, type Item, nameOf, projectOf } from "../item.ts";
import { nextCommands } from "../next-commands.ts";
import { allNouns, findNoun, type Noun } from "../noun.ts";
import { withReadableSizes } from "../readable-sizes.ts";
import { formatInstant } from "../relative-time.ts";
import { renderTable, type TableCell } from "../table.ts";
import { parseTarget } from "../target.ts";
import { toneOf } from "../tone.ts";

/** How many of the newest events are shown. */
const recentEvents = 10;

export interface DescribeInput {
  /** `KIND NAME` or `KIND/NAME`. */
  readonly words: readonly string[];
}

/** Shows all of one resource: what was asked, what is, its conditions, its latest events, and what to do next. */
export async function describe(context: CommandContext, input: DescribeInput): Promise<number> {
  const target = parseTarget(input.words);
  const noun = findNoun(target.kind ?? target.name, allNouns(kinds));
  const client = await context.connect();
  const item = await findItem(client, noun, target.name, context.project, context.signal);
  const events = await readEventPage(
    client,
    {
      kind: noun.kind,
      name: nameOf(item),
      project: projectOf(item) ?? undefined,
      limit: recentEvents,
      order: "newest-first",
    },
    context.signal,
  );
  if (context.format === "json") printJson(context, { kind: noun.kind, item, events });
  else if (context.format === "quiet") context.terminal.print(nameOf(item));
  else {
    for (const line of renderDescription(context, noun, item, events)) context.terminal.print(line);
    sayNext(context, nextCommands(noun.kind, nameOf(item)));
  }
  return exitCodes.ok;
}

function renderDescription(
  context: CommandContext,
  noun: Noun,
  item: Item,
  events: readonly LoggedEvent[],
): readonly string[] {
  const { paint, width } = context.terminal;
  const now = context.clock.now();
  const sections: (readonly string[])[] = [renderHead(context, noun, item)];
  const addSection = (title: string, lines: readonly string[]) => {
    if (lines.length > 0) sections.push([paint(title, "heading"), ...lines.map((line) => `  ${line}`)]);
  };
  if (noun.isRow) addSection("Fields", toYamlLines(item));
  else {
    addSection("Spec", toYamlLines(item["spec"]));
    addSection("Status", toYamlLines(phaseFirst(item["status"])));
    addSection("Conditions", renderConditions(context, item));
  }
  addSection("Events", events.length === 0 ? [] : renderEvents(events, { now, width: width - 2, paint }));
  return sections.flatMap((section, index) => (index === 0 ? section : ["", ...section]));
}

function renderHead(context: CommandContext, noun: Noun, item: Item): readonly string[] {
  const { paint } = context.terminal;
  const phase = readField(item, "status.phase") ?? item["state"];
  const state = typeof phase === "string" ? `  ${paint(phase, toneOf(phase))}` : "";
  const facts: (readonly [string, string])[] = [];
  const project = projectOf(item);
  if (project !== null) facts.push(["project", project]);
  const labels = Object.entries(item["labels"] ?? {}).map(([key, value]) => `${key}=${String(value)}`);
  if (labels.length > 0) facts.push(["labels", labels.join(", ")]);
  for (const [label, key] of [
    ["created", "createdAt"],
    ["updated", "updatedAt"],
    ["deleting", "deletingSince"],
  ] as const) {
    const at = item[key];
    if (typeof at === "number")
      facts.push([label, `${formatInstant(at, context.clock.now())} (${new Date(at).toISOString()})`]);
  }
  if (typeof item["generation"] === "number")
    facts.push(["revision", `generation ${item["generation"]}, version ${String(item["version"])}`]);
  return [
    `${noun.kind}/${nameOf(item)}${state}`,
    ...facts.map(([label, text]) => `${paint(label.padEnd(9), "dim")} ${text}`),
  ];
}

function renderConditions(context: CommandContext, item: Item): readonly string[] {
  const conditions = readField(item, "status.conditions");
  if (!Array.isArray(conditions) || conditions.length === 0) return [];
  const rows = conditions.map((condition): readonly TableCell[] => {
    const text = (key: string) => readText(condition, key, "-");
    const since = readField(condition, "since");
    const age = typeof since === "number" ? formatInstant(since, context.clock.now()) : "-";
    return [
      { text: text("type"), tone: "plain" },
      { text: text("status"), tone: text("status") === "unknown" ? "waiting" : "plain" },
      { text: text("reason"), tone: "plain" },
      { text: age, tone: "dim" },
      { text: text("message"), tone: "plain" },
    ];
  });
  const columns = ["TYPE", "STATUS", "REASON", "SINCE", "MESSAGE"].map((heading) => ({
    heading,
    align: "left" as const,
    canShrink: false,
  }));
  return renderTable(columns, rows, { width: context.terminal.width - 2, paint: context.terminal.paint });
}

/** A status as people read it: the phase and its message first; conditions have a table of their own. */
function phaseFirst(status: unknown): unknown {
  if (typeof status !== "object" || status === null) return status;
  const members = Object.entries(status).filter(([key]) => key !== "conditions");
  const isHead = ([key]: readonly [string, unknown]) => key === "phase" || key === "message";
  return Object.fromEntries([...members.filter(isHead), ...members.filter((member) => !isHead(member))]);
}

function toYamlLines(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  return stringify(withReadableSizes(value), { lineWidth: 0 }).trimEnd().split("\n");
}
