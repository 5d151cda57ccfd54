import { migMillis } from "./mig-profile.ts";
import { type MemberPlace, type Shape, wholeGpu } from "./model.ts";
import type { Amounts } from "../quota/model.ts";

/** Milli-GPUs that one member asks for. */
export function memberMillis({ gpu }: Shape): number {
  switch (gpu.kind) {
    case "none":
      return 0;
    case "whole":
      return gpu.count * wholeGpu;
    case "share":
      return gpu.millis;
    case "mig":
      return migMillis(gpu.profile);
  }
}

/** Milli-GPUs that a workload holds, or will hold, in these places. */
export function heldMillis(shape: Shape, places: readonly MemberPlace[]): number {
  return memberMillis(shape) * places.length;
}

/** What so many members count for against quotas: `gpu`, `gpu:MODEL` (milli-GPUs), `cpu` (milli-CPUs), `memory` (bytes), custom ones by name. */
export function amountsOf(shape: Shape, members: number, gpuModel: string | null): Amounts {
  const amounts: Record<string, number> = { cpu: shape.cpuMillis * members, memory: shape.memory * members };
  const millis = memberMillis(shape) * members;
  if (millis > 0) {
    amounts["gpu"] = millis;
    if (gpuModel !== null) amounts[`gpu:${gpuModel}`] = millis;
  }
  for (const [name, amount] of Object.entries(shape.custom ?? {})) amounts[name] = amount * members;
  return amounts;
}

/** Adds two sets of amounts. */
export function addAmounts(left: Amounts, right: Amounts): Amounts {
  const sum: Record<string, number> = { ...left };
  for (const [name, amount] of Object.entries(right)) sum[name] = (sum[name] ?? 0) + amount;
  return sum;
}

/** Takes the right amounts from the left ones. */
export function subtractAmounts(left: Amounts, right: Amounts): Amounts {
  const rest: Record<string, number> = { ...left };
  for (const [name, amount] of Object.entries(right)) rest[name] = (rest[name] ?? 0) - amount;
  return rest;
}
