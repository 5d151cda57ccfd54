import { type Document, isMap, isNode, isSeq, LineCounter, parseDocument, stringify } from "yaml";
import type { UrlState } from "../../words/url-state.ts";

/** What is wrong with a plan, and in which line. */
export interface PlanProblem {
  readonly line: number;
  readonly message: string;
}

/** A plan as its text says it. */
export interface PlanDocument {
  readonly value: unknown;
  readonly problems: readonly PlanProblem[];
  /** The line of a part of the plan, or of the nearest part around it that stands in the text. */
  readonly lineOf: (path: readonly PropertyKey[]) => number;
}

/** The most of a plan that fits into an address: servers refuse longer ones. */
export const planTextMax = 12_000;

/** Reads a plan; what YAML itself refuses is told with its line. */
export function readPlan(text: string): PlanDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: "1.2" });
  const problems = document.errors.map((error) => ({
    line: lines.linePos(error.pos[0]).line,
    message: error.message.split("\n")[0] ?? "",
  }));
  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let length = path.length; length > 0; length -= 1) {
      const node: unknown = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  if (problems.length > 0) return { value: undefined, problems, lineOf };
  try {
    return { value: document.toJS() as unknown, problems, lineOf };
  } catch (error) {
    // Aliases within aliases, which would fill the memory.
    const message = error instanceof Error ? error.message : String(error);
    return { value: undefined, problems: [{ line: 1, message }], lineOf };
  }
}

/** Writes a plan as a person would. */
export function writePlan(plan: Readonly<Record<string, unknown>>): string {
  return stringify(plan, { lineWidth: 100 });
}

/** One control of the fleet's view, and where in a plan its value stands. */
interface Place {
  /** Multiplies the plan's figure to give the control's. */
  readonly scale: number;
  readonly paths: (document: Document) => readonly (readonly (string | number)[])[];
}

const at =
  (...path: readonly string[]): Place["paths"] =>
  () => [path];

const stageNames = ["training", "serving", "development", "evaluation", "data"] as const;

/** Where stages stand that hold a member, such as `gpus`; `isWanted` chooses by the stage's kind. */
function stagesAt(document: Document, member: string, isWanted: (stage: string) => boolean): (string | number)[][] {
  const stages: unknown = document.getIn(["demand", "stages"], true);
  if (!isSeq(stages)) return [];
  return stages.items.flatMap((stage, index) => {
    if (!isMap(stage) || !isWanted(String(stage.get("stage")))) return [];
    // A history holds its growth, and other loads have no GPUs of their own.
    if (member !== "gpus" && stage.has("history")) return [];
    return [["demand", "stages", index, member]];
  });
}

const places: Readonly<Record<string, Place>> = {
  gpu: { scale: 1, paths: at("fleet", "gpu") },
  months: { scale: 1, paths: at("horizonMonths") },
  confidence: { scale: 100, paths: at("demand", "quantile") },
  use: { scale: 100, paths: at("cost", "utilisation") },
  energy: { scale: 1, paths: at("cost", "usdPerKwh") },
  oversubscription: { scale: 1, paths: at("network", "oversubscription") },
  growth: { scale: 100, paths: (document) => stagesAt(document, "growthPerYear", (stage) => stage !== "serving") },
  "serving-growth": {
    scale: 100,
    paths: (document) => stagesAt(document, "growthPerYear", (stage) => stage === "serving"),
  },
  unsure: { scale: 100, paths: (document) => stagesAt(document, "growthUncertainty", () => true) },
  ...Object.fromEntries(
    stageNames.map((name) => [
      name,
      { scale: 1, paths: (document: Document) => stagesAt(document, "gpus", (stage) => stage === name) },
    ]),
  ),
};

/** What the controls show of a plan, by control; and those that cannot show it, with why. */
export interface PlanControls {
  readonly state: UrlState;
  readonly locked: Readonly<Record<string, string>>;
}

/** Reads the controls' values out of a plan. A control whose value the plan does not hold once, as a number, is locked. */
export function controlsOfPlan(text: string): PlanControls {
  const document = parseDocument(text, { version: "1.2" });
  const state: Record<string, string> = {};
  const locked: Record<string, string> = {};
  if (document.errors.length > 0) return { state, locked };
  for (const [name, place] of Object.entries(places)) {
    const found = valuesAt(document, place);
    const reason = lockOf(name, found);
    const [value] = found;
    if (reason !== null) locked[name] = reason;
    else if (typeof value === "number") state[name] = String(Number((value * place.scale).toPrecision(6)));
    else if (typeof value === "string") state[name] = value;
    else if (isStage(name)) state[name] = "0";
  }
  return { state, locked };
}

function valuesAt(document: Document, { paths }: Place): readonly unknown[] {
  return paths(document).map((path) => document.getIn(path));
}

const isStage = (name: string): boolean => stageNames.some((stage) => stage === name);

function lockOf(name: string, values: readonly unknown[]): string | null {
  if (isStage(name) && values.length > 1) return "several stages of this kind: set them in the plan";
  if (isStage(name) && values.length === 1 && values[0] === undefined) return "given otherwise: set it in the plan";
  if (values.some((value) => typeof value === "object" && value !== null))
    return "given with bounds: set it in the plan";
  if (new Set(values).size > 1) return "differs by stage: set it in the plan";
  if (name.includes("growth") && values.length === 0) return "no stage takes it";
  return null;
}

/** The plan's text with a control's value in it, comments kept; as it was when the control has no place there. */
export function planWith(text: string, name: string, value: string): string {
  const place = places[name];
  const document = parseDocument(text, { version: "1.2" });
  if (place === undefined || document.errors.length > 0) return text;
  const isNumber = name !== "gpu";
  const put = isNumber ? Number((Number(value) / place.scale).toPrecision(6)) : value;
  const paths = place.paths(document);
  if (isStage(name) && put === 0) for (const path of paths) document.deleteIn(path.slice(0, 3));
  else if (isStage(name) && paths.length === 0)
    document.addIn(["demand", "stages"], document.createNode({ stage: name, gpus: put }));
  else for (const path of paths) document.setIn(path, put);
  return document.toString({ lineWidth: 100 });
}
