import type { Instant } from "../../base/clock.ts";
import { kinds } from "../../server/kinds.ts";
import { type CommandContext, printJson } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { readField, readText } from "../field-path.ts";
import { type Item, nameOf, projectOf, toItem } from "../item.ts";
import { formatInstant } from "../relative-time.ts";
import { parseTarget } from "../target.ts";
import { toneOf } from "../tone.ts";
import { findWorkload, hasEnded, outcomeOf, workloadPath } from "../workload.ts";

export interface WhyInput {
  /** A training job's name, `KIND/NAME`, or a workload's id. */
  readonly words: readonly string[];
}

/** Says why something waits or ended as it did, who is in its way, and what would help. */
export async function why(context: CommandContext, input: WhyInput): Promise<number> {
  const client = await context.connect();
  const { owner, workload } = await findWorkload(context, client, parseTarget(input.words), kinds);
  if (workload === undefined) {
    explainResource(context, owner?.noun.kind ?? "", owner?.item ?? {});
    return exitCodes.ok;
  }
  const answer = toItem(await client.get(`${workloadPath(workload)}/why`, {}, context.signal));
  if (context.format === "json")
    printJson(context, { workload: nameOf(workload), project: projectOf(workload), ...answer });
  else if (context.format === "quiet") context.terminal.print(sentenceOf(answer, workload));
  else for (const line of renderReason(context, answer, workload)) context.terminal.print(line);
  return exitCodes.ok;
}

/** What has no workload yet tells by its conditions. */
function explainResource(context: CommandContext, kind: string, item: Item): void {
  const phase = readText(item, "status.phase", "unknown");
  const conditions = readField(item, "status.conditions");
  const held = (Array.isArray(conditions) ? conditions : []).filter(
    (condition) => readField(condition, "status") !== "true",
  );
  if (context.format === "json") {
    printJson(context, { kind, project: projectOf(item), name: nameOf(item), phase, conditions: held });
    return;
  }
  context.terminal.print(
    `${kind}/${nameOf(item)} is ${context.terminal.paint(phase, toneOf(phase))} and has not asked for compute yet`,
  );
  for (const condition of held) {
    context.terminal.print(`  ${readText(condition, "type")}: ${readText(condition, "message")}`);
  }
}

function renderReason(context: CommandContext, answer: Item, workload: Item): readonly string[] {
  const { paint } = context.terminal;
  const reason = reasonOf(answer);
  const now = { ...workload, ...answer };
  const state = readText(now, "state");
  const head = hasEnded(now) ? outcomeOf(now) : `is ${paint(state, toneOf(state))}: ${sentenceOf(answer, workload)}`;
  const lines = [`${nameOf(workload)} ${head}`, ...plannedStart(context, answer), ...recordLines(answer)];
  const blockers = listAt(reason, "blockers");
  const blockerLine = (blocker: unknown): string => {
    const more = [describeOwner(blocker), describeEnd(blocker, context.clock.now())].filter((each) => each !== "");
    return [describeBlocker(blocker), ...more].join("  ");
  };
  if (blockers.length > 0) lines.push("", paint("in the way", "heading"), ...blockers.map(blockerLine));
  const evicted = listAt(answer, "evicts");
  if (evicted.length > 0) lines.push("", paint("stopped for it", "heading"), ...evicted.map(describeBlocker));
  const edits = listAt(answer, "edits").map((edit) => `  ${readText(edit, "sentence")}`);
  if (edits.length > 0) lines.push("", paint("would start it now", "heading"), ...edits);
  const changes = listAt(reason, "changes").map((change) => `  ${String(change)}`);
  if (changes.length > 0) lines.push("", paint("what would help", "heading"), ...changes);
  return lines;
}

/** When it starts, as far as it is planned. */
function plannedStart(context: CommandContext, answer: Item): readonly string[] {
  const at = readField(answer, "plannedStart.at");
  if (typeof at !== "number") return [];
  if (readField(answer, "plannedStart.isHeld") === true)
    return ["it starts as soon as the room is free that is made for it"];
  const bound = readField(answer, "plannedStart.isHardBound") === true ? "at the latest" : "as far as is known";
  const now = context.clock.now();
  const [p50, p90] = [readField(answer, "eta.p50"), readField(answer, "eta.p90")];
  const likely = typeof p50 === "number" ? [`it is likely to start ${formatInstant(p50, now)}`] : [];
  const nine = typeof p90 === "number" ? [`nine times of ten ${formatInstant(p90, now)}`] : [];
  // A run that outlasts its reckoning does not move the plans behind it: what is late starts once it ends.
  const planned =
    at <= now
      ? "its planned start is due: it starts as soon as the room is free, which a run may hold longer than was reckoned"
      : `it is planned ${formatInstant(at, now)}, ${bound}`;
  return [[...likely, ...nine, planned].join("; ")];
}

const scopeWords: Readonly<Record<string, string>> = {
  queue: "of its queue in its pool",
  pool: "of its pool",
  all: "of all pools",
};

/** How estimates like these have held lately. */
function recordLines(answer: Item): readonly string[] {
  const [made, held] = [readField(answer, "record.made"), readField(answer, "record.held")];
  if (typeof made !== "number" || typeof held !== "number" || made === 0) return [];
  const scope = scopeWords[readText(answer, "record.scope")] ?? "";
  const note = readField(answer, "record.isCorrected") === true ? "" : "; too few yet to correct them by";
  return [`of the last ${made} p90 estimates ${scope} ${held} held${note}`];
}

function sentenceOf(answer: Item, workload: Item): string {
  const now = { ...workload, ...answer };
  const sentence = readText(answer, "sentence", readText(reasonOf(answer), "sentence"));
  return sentence || outcomeOf(now) || readText(now, "phase") || "nothing is in its way";
}

function describeBlocker(blocker: unknown): string {
  const gpus = readField(blocker, "gpus");
  const size = typeof gpus === "number" && gpus > 0 ? `  ${gpus} GPU${gpus === 1 ? "" : "s"}` : "";
  return `  ${readText(blocker, "name", readText(blocker, "id"))}${size}`;
}

/** What it does and whose it is: `running, of ada (team vision, project maps)`. */
function describeOwner(blocker: unknown): string {
  const kind = readText(blocker, "kind");
  const [team, project] = [readText(blocker, "owner.team"), readText(blocker, "owner.project")];
  if (project === "") return kind;
  const where = team === "" ? `project ${project}` : `team ${team}, project ${project}`;
  const identity = readText(blocker, "owner.identity");
  return identity === "" ? `${kind}, ${where}` : `${kind}, of ${identity} (${where})`;
}

/** When it lets go: by its limit, and by what is known of runs like it. */
function describeEnd(blocker: unknown, now: Instant): string {
  const moments = [
    ["endsP50", "likely gone"],
    ["endsP90", "nine times of ten"],
    ["endsBy", "at the latest"],
  ] as const;
  const known = moments.flatMap(([field, words]) => {
    const at = readField(blocker, field);
    return typeof at === "number" ? [`${words} ${at <= now ? "now" : formatInstant(at, now)}`] : [];
  });
  // All three are one moment where it is certain.
  const [first] = known;
  const isCertain = new Set(moments.map(([field]) => readField(blocker, field))).size === 1 && first !== undefined;
  return isCertain ? first.replace("likely gone", "gone") : known.join(", ");
}

function reasonOf(answer: Item): unknown {
  return "reason" in answer ? answer["reason"] : answer;
}

function listAt(value: unknown, key: string): readonly unknown[] {
  const list = readField(value, key);
  return Array.isArray(list) ? list : [];
}
