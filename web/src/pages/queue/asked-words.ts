import type { WorkloadRow } from "../../api/compute.ts";
import { formatFigure, formatMemory } from "../../words/numbers.ts";

/** What a workload asks for, GPUs first; of each of its members where it has several. */
export function askedWords(workload: WorkloadRow): string {
  const { gpus, gpuModel, migProfile, cpus, memory, membersMin, membersMax } = workload;
  const model = gpuModel ?? (gpus === 1 ? "GPU" : "GPUs");
  const parts = [
    ...(migProfile === null ? [] : [`MIG ${migProfile}`]),
    ...(gpus === 0 ? [] : [`${formatFigure(gpus)} ${model}`]),
    `${formatFigure(cpus)} CPU`,
    formatMemory(memory),
  ].join(" · ");
  if (membersMax === 1) return parts;
  const members = membersMin === membersMax ? membersMax : `${membersMin} to ${membersMax}`;
  return `${members} × (${parts})`;
}
