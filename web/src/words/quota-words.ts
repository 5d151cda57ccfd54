import { formatFigure, formatMemory } from "./numbers.ts";

const milli = 1000;

/** A resource of quotas as people call it: `gpu:H100` is `H100 GPUs`. */
export function resourceName(key: string): string {
  if (key === "gpu") return "GPUs";
  if (key.startsWith("gpu:")) return `${key.slice("gpu:".length)} GPUs`;
  if (key === "cpu") return "CPUs";
  return key === "memory" ? "Memory" : key;
}

/** An amount of a resource without the resource's name; sizes carry their unit. */
export function formatAmount(key: string, amount: number): string {
  if (key === "memory") return formatMemory(amount);
  const isInMilli = key === "cpu" || key === "gpu" || key.startsWith("gpu:");
  return formatFigure(isInMilli ? amount / milli : amount);
}

/** The place of a resource among others: GPUs of any model, of one model, CPUs, memory, the rest. */
export function resourceRank(key: string): number {
  if (key === "gpu") return 0;
  if (key.startsWith("gpu:")) return 1;
  if (key === "cpu") return 2;
  return key === "memory" ? 3 : 4;
}

/** What a node of the quota tree stands for: `team/vision` is the team `vision`. */
export function quotaNodeWords(id: string): { readonly sort: string; readonly name: string } {
  const slash = id.indexOf("/");
  if (slash < 0) return { sort: "all there is", name: id };
  const sort = id.slice(0, slash);
  return { sort: sort === "quota" ? "group" : sort, name: id.slice(slash + 1) };
}
