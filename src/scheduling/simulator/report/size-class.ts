import type { WorkItem } from "../../engine/model.ts";
import { wholeGpu } from "../../engine/model.ts";

/** Classes of size by the GPUs of a workload, smallest first; `most` still belongs to the class. */
const classes = [
  { name: "no GPU", most: 0 },
  { name: "below 1 GPU", most: 0.999 },
  { name: "1 GPU", most: 1 },
  { name: "2-4 GPUs", most: 4 },
  { name: "5-8 GPUs", most: 8 },
  { name: "9-32 GPUs", most: 32 },
  { name: "33-128 GPUs", most: 128 },
  { name: "above 128 GPUs", most: Number.POSITIVE_INFINITY },
] as const;

/** The names of the classes, smallest first. */
export const sizeClassNames: readonly string[] = classes.map(({ name }) => name);

/** The class of a workload by the GPUs that all its members ask for; a MIG slice counts as a part of one. */
export function sizeClass(item: WorkItem): string {
  const gpus = gpusAsked(item);
  return classes.find(({ most }) => gpus <= most)?.name ?? classes[0].name;
}

function gpusAsked({ shape, members }: WorkItem): number {
  switch (shape.gpu.kind) {
    case "none":
      return 0;
    case "whole":
      return shape.gpu.count * members.max;
    case "share":
      return (shape.gpu.millis * members.max) / wholeGpu;
    case "mig":
      return members.max / 2;
    default:
      return 0;
  }
}
