import { formatDuration, parseDuration } from "../../../../src/base/units.ts";
import type { WorkloadRow } from "../../api/compute.ts";
import type { StartEdit } from "../../api/explanation.ts";
import type { TriedChange } from "./what-if-change.ts";

const milli = 1000;

/** What of a training job's manifest an edit changes, as YAML; null where the manifest has no such field. */
export function manifestChange(edit: StartEdit): string | null {
  const { to } = edit;
  const texts = Array.isArray(to) ? to.map(String) : [];
  switch (edit.field) {
    case "shape.gpu.count":
      return `resources: { gpus: ${String(to)} }`;
    case "shape.gpu.millis":
      return `resources: { gpus: ${Number(to) / milli} }`;
    case "shape.gpu.profile":
      return `resources: { migProfile: ${String(to)} }`;
    case "shape.gpuModels":
      return texts.length === 1 ? `resources: { gpuModel: ${texts[0]} }` : null;
    case "shape.cpuMillis":
      return `resources: { cpus: ${Number(to) / milli} }`;
    case "shape.memory":
      return `resources: { memory: ${Number(to)}B }`;
    case "limitMs":
      return `maxDuration: ${durationText(Number(to))}`;
    case "pools":
      return poolsChange(texts);
    case "priority":
      return `priority: ${Number(to)}`;
    default:
      return null;
  }
}

function poolsChange([first, ...others]: readonly string[]): string | null {
  if (first === undefined) return null;
  return others.length === 0 ? `pool: ${first}` : `pool: ${first}\notherPools: [${others.join(", ")}]`;
}

/** A duration as a manifest writes it; to the second where two units cannot say it. */
function durationText(millis: number): string {
  const text = formatDuration(millis);
  return parseDuration(text) === millis ? text : `${Math.floor(millis / 1000)}s`;
}

function leastMembers(members: unknown): number {
  if (typeof members === "number") return members;
  return typeof members === "object" && members !== null && "min" in members ? Number(members.min) : 1;
}

const namePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * An edit as something to try out: a priority is changed in place; anything else is the workload out of the queue and
 * another one, changed, at its end. Null where a what-if cannot say it.
 */
export function triedEdit(workload: WorkloadRow, edit: StartEdit): TriedChange | null {
  if (edit.field === "priority") return { priorities: [{ id: workload.id, priority: Number(edit.to) }] };
  const change = submissionChange(edit);
  if (change === null || workload.migProfile !== null) return null;
  const name = namePattern.test(workload.owner.name) ? workload.owner.name : "changed";
  const limit = workload.limitMs === null ? {} : { limit: durationText(workload.limitMs) };
  const asked = {
    name,
    project: workload.project,
    purpose: workload.purpose,
    pools: workload.pools.length === 0 ? [workload.pool] : workload.pools,
    ...(workload.queue === "" ? {} : { queue: workload.queue }),
    cpus: workload.cpus,
    memory: `${workload.memory}B`,
    gpus: workload.gpus,
    ...(workload.gpuModel === null ? {} : { gpuModel: workload.gpuModel }),
    members: workload.membersMin,
    ...(workload.withinLevel === null ? {} : { withinLevel: workload.withinLevel }),
    ...limit,
    priority: workload.priority,
  };
  return { cancel: [workload.id], submit: [{ ...asked, ...change }] };
}

function submissionChange({ field, to }: StartEdit): Readonly<Record<string, unknown>> | null {
  switch (field) {
    case "shape.gpu.count":
      return { gpus: Number(to) };
    case "shape.gpu.millis":
      return { gpus: Number(to) / milli };
    case "shape.gpuModels":
      return Array.isArray(to) && to.length === 1 ? { gpuModel: String(to[0]) } : null;
    case "shape.cpuMillis":
      return { cpus: Number(to) / milli };
    case "shape.memory":
      return { memory: `${Number(to)}B` };
    case "members":
      return { members: leastMembers(to) };
    case "limitMs":
      return { limit: durationText(Number(to)) };
    case "pools":
      return Array.isArray(to) ? { pools: to.map(String) } : null;
    default:
      return null;
  }
}
