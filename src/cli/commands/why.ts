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
  const lines = [`${nameOf(workload)} ${head}`, ...plannedStart(context, answer)];
  const blockers = listAt(reason, "blockers");
  if (blockers.length > 0) lines.push("", paint("in the way", "heading"), ...blockers.map(describeBlocker));
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
  return [[...likely, ...nine, `it is planned ${formatInstant(at, now)}, ${bound}`].join("; ")];
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

function reasonOf(answer: Item): unknown {
  return "reason" in answer ? answer["reason"] : answer;
}

function listAt(value: unknown, key: string): readonly unknown[] {
  const list = readField(value, key);
  return Array.isArray(list) ? list : [];
}
