import { Fault } from "../base/fault.ts";
import { readField, readText } from "./field-path.ts";
import type { Item } from "./item.ts";

/** What `wait` waits for. */
export type WaitGoal =
  | { readonly kind: "phase"; readonly phases: readonly string[] }
  | { readonly kind: "condition"; readonly type: string; readonly status: string }
  | { readonly kind: "deleted" };

/** How far an item is from a goal. `hopeless`: it ended otherwise and will not change by itself. */
export type WaitProgress =
  | { readonly kind: "reached" }
  | { readonly kind: "waiting"; readonly phase: string }
  | { readonly kind: "hopeless"; readonly phase: string };

/** Phases that a resource does not leave by itself. */
const finalPhases: ReadonlySet<string> = new Set(["succeeded", "failed", "cancelled", "rejected"]);

/**
 * Reads `phase=succeeded` (several with commas), `condition=Ready`, `condition=Ready=false`, `Ready` or `deleted`.
 *
 * @throws {Fault} `cli.argument-invalid`.
 */
export function parseWaitGoal(text: string): WaitGoal {
  const [key = "", value, status] = text.split("=");
  if (text === "deleted" || text === "delete") return { kind: "deleted" };
  if ((key === "phase" || key === "state") && value !== undefined && value !== "") {
    return { kind: "phase", phases: value.split(",") };
  }
  if (key === "condition" && value !== undefined && value !== "") {
    return { kind: "condition", type: value, status: status ?? "true" };
  }
  if (/^[A-Z][A-Za-z]*$/.test(text)) return { kind: "condition", type: text, status: "true" };
  const message = `"${text}" is nothing to wait for; write phase=succeeded, condition=Ready or deleted`;
  throw new Fault("cli.argument-invalid", message);
}

/** Compares an item (undefined: there is none any more) with a goal; letter case does not matter. */
export function judgeProgress(item: Item | undefined, goal: WaitGoal): WaitProgress {
  if (item === undefined) return goal.kind === "deleted" ? { kind: "reached" } : { kind: "hopeless", phase: "deleted" };
  const phase = readText(item, "status.phase", readText(item, "state", "unknown"));
  if (goal.kind === "deleted" || isBehind(item)) return { kind: "waiting", phase };
  if (goal.kind === "condition")
    return hasCondition(item, goal.type, goal.status) ? { kind: "reached" } : { kind: "waiting", phase };
  if (goal.phases.some((wanted) => isSameWord(wanted, phase))) return { kind: "reached" };
  return { kind: finalPhases.has(phase.toLowerCase()) ? "hopeless" : "waiting", phase };
}

/** Whether the status is still about an earlier spec; kinds that do not tell are taken to be up to date. */
export function isBehind(item: Item): boolean {
  const seen = readField(item, "status.generation");
  return typeof seen === "number" && typeof item["generation"] === "number" && seen < item["generation"];
}

function hasCondition(item: Item, type: string, status: string): boolean {
  const conditions = readField(item, "status.conditions");
  return (
    Array.isArray(conditions) &&
    conditions.some(
      (condition) => isSameWord(readText(condition, "type"), type) && isSameWord(readText(condition, "status"), status),
    )
  );
}

function isSameWord(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}
