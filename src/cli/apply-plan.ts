import { Fault } from "../base/fault.ts";
import { diffFields, type FieldChange, formatChange } from "./field-diff.ts";
import { type Item, nameOf, projectOf, toItem } from "./item.ts";
import type { Paint } from "./table.ts";
import type { Tone } from "./tone.ts";

export type ApplyOutcome = "created" | "updated" | "unchanged";

/** What applying one manifest did, or would do. */
export interface ApplyResult {
  readonly kind: string;
  readonly project: string | null;
  readonly name: string;
  readonly outcome: ApplyOutcome;
  /** Fields of labels and spec that differ; empty for what is new or unchanged. */
  readonly changes: readonly FieldChange[];
}

const marks: Readonly<Record<ApplyOutcome, { readonly mark: string; readonly tone: Tone; readonly planned: string }>> =
  {
    created: { mark: "+", tone: "good", planned: "create" },
    updated: { mark: "~", tone: "waiting", planned: "update" },
    unchanged: { mark: " ", tone: "dim", planned: "unchanged" },
  };

/** Reads `{results: [{ref, outcome, before?, after}]}`. @throws {Fault} `cli.answer-invalid`. */
export function parseApplyResults(answer: unknown): readonly ApplyResult[] {
  const results = toItem(answer)["results"];
  if (!Array.isArray(results)) throw new Fault("cli.answer-invalid", "the server answered no results to apply");
  return results.map((result): ApplyResult => {
    const { ref, outcome, before, after } = toItem(result);
    const item = toItem(ref ?? after);
    const known = outcome === "created" || outcome === "updated" ? outcome : "unchanged";
    const changes = known === "updated" ? diffFields(declared(before), declared(after)) : [];
    return {
      kind: String(item["kind"]),
      project: projectOf(item),
      name: nameOf(item),
      outcome: known,
      changes,
    };
  });
}

/** Writes the plan: one line a resource, its changed fields below it, and the sum. */
export function renderPlan(results: readonly ApplyResult[], paint: Paint): readonly string[] {
  const lines = results.flatMap((result) => {
    const { mark, tone, planned } = marks[result.outcome];
    const place = result.project === null ? "" : paint(` in ${result.project}`, "dim");
    const head = `${paint(`${mark} ${planned.padEnd(9)}`, tone)} ${result.kind}/${result.name}${place}`;
    return [head, ...result.changes.map((change) => `      ${formatChange(change)}`)];
  });
  return [...lines, "", summarise(results)];
}

/** One line for each resource that was written, and for those left as they were. */
export function renderOutcomes(results: readonly ApplyResult[], paint: Paint): readonly string[] {
  return results.map(
    (result) => `${paint(result.outcome.padEnd(9), marks[result.outcome].tone)} ${result.kind}/${result.name}`,
  );
}

function summarise(results: readonly ApplyResult[]): string {
  const count = (outcome: ApplyOutcome) => results.filter((result) => result.outcome === outcome).length;
  return `plan: ${count("created")} to create, ${count("updated")} to update, ${count("unchanged")} unchanged`;
}

function declared(resource: unknown): unknown {
  if (typeof resource !== "object" || resource === null) return {};
  const item = resource as Item;
  return { labels: item["labels"] ?? {}, spec: item["spec"] ?? {} };
}
