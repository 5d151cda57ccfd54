import { stringify } from "yaml";
import { toItem, toItems } from "./item.ts";
import { type CommandContext, printJson } from "./command-context.ts";
import { exitCodes } from "./exit-code.ts";
import { readText } from "./field-path.ts";
import { inlineTrace } from "./inline-trace.ts";
import { readLiveDemand } from "./live-demand.ts";
import { askPlanner } from "./planning-program.ts";
import { readSite } from "./site-rows.ts";
import { type LooseQuestion, printReport, readQuestion, type ReportForm, writeFiles } from "./planning-answer.ts";

export interface PlanFromLiveInput {
  /** What the ledger cannot tell, or is to be otherwise: wins over what was inferred. */
  readonly file?: string;
  readonly out?: string;
  readonly format?: ReportForm;
  readonly gpu?: string;
  readonly days?: number;
  /** Leaves the recorded queue out. */
  readonly trace?: boolean;
}

/** A year tells growth, and a season half. */
const usualDays = 365;

/** Draws a plan up from the server's ledger and answers it; every figure that was inferred is among the assumptions. */
export async function planFromLive(context: CommandContext, input: PlanFromLiveInput): Promise<number> {
  const given = await inlineTrace(await readQuestion(context, input.file));
  const isQueueRead = input.trace !== false && given["trace"] === undefined;
  const gpu = input.gpu ?? gpuOf(given);
  const demand = await readLiveDemand(context, { days: input.days ?? usualDays, gpu, isQueueRead });
  const question = { ...demand, hasStages: isGiven(given, ["demand", "stages"]) };
  const { answer: drafted } = await askPlanner(context, { kind: "draft", question });
  const plan = completeDraft(toItem(drafted["plan"]), given);
  const site = await readSite(context, "plan", plan);
  const { answer, document, files } = await askPlanner(context, { kind: "plan", question: plan, site });
  if (input.out !== undefined) await writeFiles(context, input.out, { ...planFiles(plan), ...files });
  else if (context.format === "json") printJson(context, { drawnUp: plan, plan: answer });
  else {
    await printReport(context, { document, files }, input.format);
    context.terminal.say("the plan itself is written with the report: --out FOLDER");
  }
  return exitCodes.ok;
}

/** The plan as it can be answered again, a recorded queue in a file of its own beside it. */
function planFiles(plan: LooseQuestion): Readonly<Record<string, string>> {
  const { trace } = plan;
  if (!isObject(trace) || typeof trace["text"] !== "string") return { "plan.yaml": stringify(plan) };
  const { text, ...rest } = trace;
  return { "plan.yaml": stringify({ ...plan, trace: { file: "queue.csv", ...rest } }), "queue.csv": text };
}

/** The GPU that the file plans with. */
function gpuOf({ fleet }: LooseQuestion): string | undefined {
  const gpu = isObject(fleet) ? fleet["gpu"] : undefined;
  return typeof gpu === "string" ? gpu : undefined;
}

/** The draft with what the file gives; of what was inferred, all that the file does not give otherwise, and the file's own. */
function completeDraft(drafted: LooseQuestion, given: LooseQuestion): LooseQuestion {
  const kept = toItems({ items: drafted["inferred"] }).filter(
    (each) => !isGiven(given, readText(each, "path").split(".")),
  );
  const own: unknown = given["inferred"] ?? [];
  return { ...mergeMembers(drafted, given), inferred: Array.isArray(own) ? kept.concat(own) : own };
}

/** Whether the value has a member at the path (`demand`, `stages[0]`); a list is given whole. */
function isGiven(value: unknown, [first, ...rest]: readonly string[]): boolean {
  if (first === undefined || !isObject(value)) return value !== undefined;
  return isGiven(value[first.replace(/\[.*$/, "")], rest);
}

/** Members of `given` win; objects are merged member by member, lists are taken whole. */
function mergeMembers(drafted: LooseQuestion, given: LooseQuestion): LooseQuestion {
  const merged = Object.entries(given).map(([name, value]) => {
    const before = drafted[name];
    return [name, isObject(before) && isObject(value) ? mergeMembers(before, value) : value] as const;
  });
  return { ...drafted, ...Object.fromEntries(merged) };
}

function isObject(value: unknown): value is LooseQuestion {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
