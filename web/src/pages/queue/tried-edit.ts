import { formatDuration, parseDuration } from "../../../../src/base/units.ts";
import type { StartEdit } from "../../api/explanation.ts";
import { formatFigure, formatMemory } from "../../words/numbers.ts";
import type { TriedChange } from "./what-if-change.ts";

const milli = 1000;

type Spec = Readonly<Record<string, unknown>>;

/** The members of a training job's spec that an edit changes; null where it has none for it. */
export function specChange({ field, to }: Pick<StartEdit, "field" | "to">): Spec | null {
  const texts = Array.isArray(to) ? to.map(String) : [];
  switch (field) {
    case "shape.gpu.count":
      return { resources: { gpus: Number(to) } };
    case "shape.gpu.millis":
      return { resources: { gpus: Number(to) / milli } };
    case "shape.gpu.profile":
      return { resources: { migProfile: String(to) } };
    case "shape.gpuModels":
      return texts.length === 1 ? { resources: { gpuModel: texts[0] } } : null;
    case "shape.cpuMillis":
      return { resources: { cpus: Number(to) / milli } };
    case "shape.memory":
      return { resources: { memory: `${Number(to)}B` } };
    case "limitMs":
      return { maxDuration: durationText(Number(to)) };
    case "pools":
      return poolsChange(texts);
    case "priority":
      return { priority: Number(to) };
    default:
      return null;
  }
}

function poolsChange([pool, ...otherPools]: readonly string[]): Spec | null {
  if (pool === undefined) return null;
  return otherPools.length === 0 ? { pool } : { pool, otherPools };
}

/** A duration as a manifest writes it; to the second where two units cannot say it. */
function durationText(millis: number): string {
  const text = formatDuration(millis);
  return parseDuration(text) === millis ? text : `${Math.floor(millis / 1000)}s`;
}

/** A training job's spec with an edit made in it; null where it has no member for it. */
export function editedSpec(spec: Spec, edit: Pick<StartEdit, "field" | "to">): Spec | null {
  const change = specChange(edit);
  if (change === null) return null;
  const resources = { ...recordOf(spec["resources"]), ...recordOf(change["resources"]) };
  return { ...spec, ...change, ...(Object.keys(resources).length === 0 ? {} : { resources }) };
}

function recordOf(value: unknown): Spec {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** What an edit changes of a training job's manifest, as YAML; null where the manifest has no such member. */
export function manifestChange(edit: Pick<StartEdit, "field" | "to">): string | null {
  const change = specChange(edit);
  return change === null
    ? null
    : Object.entries(change)
        .map(([name, value]) => `${name}: ${yamlOf(value)}`)
        .join("\n");
}

function yamlOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(String).join(", ")}]`;
  const members = Object.entries(recordOf(value)).map(([name, member]) => `${name}: ${String(member)}`);
  return members.length === 0 ? String(value) : `{ ${members.join(", ")} }`;
}

/** An edit as a what-if takes it: the workload keeps its turn. */
export function triedEdit(
  workload: { readonly id: string },
  { field, to }: Pick<StartEdit, "field" | "to">,
): TriedChange {
  return { edits: [{ id: workload.id, field, to }] };
}

/** An edit in words: `ask for 4 GPUs`. */
export function editWords({ field, to }: Pick<StartEdit, "field" | "to">): string {
  const texts = Array.isArray(to) ? to.map(String) : [];
  switch (field) {
    case "shape.gpu.count":
      return `ask for ${formatFigure(Number(to))} ${Number(to) === 1 ? "GPU" : "GPUs"}`;
    case "shape.gpu.millis":
      return `ask for ${formatFigure(Number(to) / milli)} of a GPU`;
    case "shape.gpu.profile":
      return `ask for a ${String(to)} slice`;
    case "shape.gpuModels":
      return `take ${texts.join(" or ")} GPUs`;
    case "shape.cpuMillis":
      return `ask for ${formatFigure(Number(to) / milli)} ${Number(to) === milli ? "CPU" : "CPUs"}`;
    case "shape.memory":
      return `ask for ${formatMemory(Number(to))} of memory`;
    case "members":
      return memberWords(recordOf(to));
    case "topology":
      return topologyWords(recordOf(to));
    case "limitMs":
      return `set a limit of ${durationText(Number(to))}`;
    case "pools":
      return `take pool ${texts.join(" or ")}`;
    case "priority":
      return `give it priority ${Number(to)}`;
    default:
      return `change ${field}`;
  }
}

function memberWords({ min, max }: Spec): string {
  const least = `${String(min)} ${min === 1 ? "member" : "members"}`;
  return min === max ? `ask for ${least}` : `start with ${least} at least`;
}

function topologyWords({ required, preferred, slice }: Spec): string {
  const { size, level } = recordOf(slice);
  const parts = [
    ...(required === undefined ? [] : [`within one ${String(required)}`]),
    ...(preferred === undefined ? [] : [`within one ${String(preferred)} if possible`]),
    ...(level === undefined ? [] : [`in groups of ${String(size)} within one ${String(level)}`]),
  ];
  return parts.length === 0 ? "lie anywhere" : `lie ${parts.join(", ")}`;
}
