import { formatMemory } from "../../base/units.ts";
import { isGpuKey, type ResourceKey } from "./model.ts";

/** Writes an amount in the unit that people use: whole GPUs and CPUs, sizes. */
export function toAmount(key: ResourceKey, amount: number): string {
  if (key === "memory") return formatMemory(amount);
  return String(isGpuKey(key) || key === "cpu" ? amount / 1000 : amount);
}

/** Writes an amount with its resource: `8 H100 GPUs`, `64 CPUs`, `64GB of memory`. */
export function toQuantity(key: ResourceKey, amount: number): string {
  const text = toAmount(key, amount);
  if (key === "memory") return `${text} of memory`;
  if (key === "cpu") return `${text} CPUs`;
  if (key === "gpu") return `${text} GPUs`;
  return isGpuKey(key) ? `${text} ${key.slice("gpu:".length)} GPUs` : `${text} ${key}`;
}
