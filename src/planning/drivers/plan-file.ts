import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { type Document, isNode, LineCounter, parseDocument } from "yaml";
import { Fault, isFault } from "../../base/fault.ts";
import { type FleetSite, shippedFleet } from "../calibration/apply-fleet-site.ts";
import type { FleetPlan } from "../fleet/fleet-plan.ts";
import { type Plan, planSchema } from "../model.ts";
import { planFleet } from "../fleet/plan-fleet.ts";
import { refusedFields, tellRefused, writePath } from "../../base/refused-fields.ts";

/** Larger plans are refused. */
const largestPlanBytes = 6_000_000;

/** Where in the file a part of the plan stands. */
type Locate = (path: readonly PropertyKey[]) => string;

/**
 * Reads `plan.yaml` and answers it; every complaint names the file, the line and the column.
 *
 * @throws {Fault} `planning.plan-invalid`, `planning.plan-contradictory` or `planning.plan-infeasible`.
 */
export async function answerPlanFile(file: string, site: FleetSite = shippedFleet): Promise<FleetPlan> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new Fault("planning.plan-invalid", `cannot read the plan "${file}"; check its path and rights`, { cause });
  });
  const { plan, locate } = parseText(file, text);
  return answerParsed(file, await withTrace(file, plan, locate), locate, site);
}

/** The same for a text that was read already; `file` is only named, and so is a trace beside it. */
export function answerPlanText(file: string, text: string, site: FleetSite = shippedFleet): FleetPlan {
  const { plan, locate } = parseText(file, text);
  return answerParsed(file, plan, locate, site);
}

function parseText(file: string, text: string): ReturnType<typeof parsePlan> {
  if (text.length <= largestPlanBytes) return parsePlan(file, text);
  const message = `the plan "${file}" has ${text.length} bytes; at most ${largestPlanBytes} are read`;
  throw new Fault("planning.plan-invalid", message);
}

function answerParsed(file: string, plan: Plan, locate: Locate, site: FleetSite): FleetPlan {
  try {
    return planFleet(plan, site);
  } catch (error) {
    if (!isFault(error)) throw error;
    const path = error.details["path"];
    const place = typeof path === "string" ? locate(splitPath(path)) : file;
    throw new Fault(error.code, `${place}: ${error.message}`, { details: error.details, cause: error });
  }
}

/** The plan with the rows of its trace, by a path beside the plan. */
async function withTrace(file: string, plan: Plan, locate: Locate): Promise<Plan> {
  const { trace } = plan;
  if (trace?.file === undefined) return plan;
  const path = resolve(dirname(file), trace.file);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    const message = `${locate(["trace", "file"])}: trace.file: cannot read "${path}"; check its path and rights`;
    throw new Fault("planning.plan-invalid", message, { cause });
  });
  return { ...plan, trace: { ...trace, file: undefined, text } };
}

function parsePlan(file: string, text: string): { readonly plan: Plan; readonly locate: Locate } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: "1.2" });
  const broken = document.errors[0];
  if (broken !== undefined) {
    const { line, col } = lines.linePos(broken.pos[0]);
    throw new Fault("planning.plan-invalid", `${file}:${line}:${col}: ${broken.message.split("\n")[0]}`, {
      cause: broken,
    });
  }
  const locate: Locate = (path) => {
    for (let length = path.length; length > 0; length -= 1) {
      const node: unknown = document.getIn(path.slice(0, length), true);
      if (!isNode(node) || !node.range) continue;
      const { line, col } = lines.linePos(node.range[0]);
      return `${file}:${line}:${col}`;
    }
    return file;
  };
  const value = toValue(file, document);
  const parsed = planSchema.safeParse(value);
  if (parsed.success) return { plan: parsed.data, locate };
  const problems = refusedFields(planSchema, parsed.error, value);
  const words = problems.map((each) => {
    return `${locate(each.path)}: ${writePath(each.path) || "the plan"}: ${tellRefused(each)}`;
  });
  const details = { path: writePath(problems[0]?.path ?? []) };
  throw new Fault("planning.plan-invalid", words.join("\n"), { details });
}

/** The plan as plain values; aliases that would fill the memory are refused. */
function toValue(file: string, document: Document): unknown {
  try {
    const value: unknown = document.toJS();
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
    const found = value === null ? "nothing" : Array.isArray(value) ? "a list" : "a single value";
    const message = `${file}:1:1: a plan is an object with at least name, startMonth, fleet and demand; found ${found}`;
    throw new Fault("planning.plan-invalid", message);
  } catch (cause) {
    if (isFault(cause)) throw cause;
    const message = `${file}:1:1: the plan cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new Fault("planning.plan-invalid", message, { cause });
  }
}

/** `demand.stages[2].jobs` as the steps that lead there. */
function splitPath(path: string): readonly (string | number)[] {
  return path
    .split(/[.[\]]+/)
    .filter(Boolean)
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}
