import { formatMemory } from "../../base/units.ts";
import type { GpuAsk, Shape } from "../engine/model.ts";
import { wholeGpu } from "../engine/model.ts";
import { isGpuKey } from "../quota/model.ts";

/** A number of things: `1 GPU`, `4 GPUs`, `0.5 GPUs`. */
export function count(amount: number, noun: string): string {
  const shown = round(amount);
  return `${shown} ${noun}${shown === 1 ? "" : "s"}`;
}

/** Verbs by the form that goes with one, each with the form that goes with several. */
const verbsOfSeveral = { is: "are", was: "were", takes: "take" } as const;
type Verb = keyof typeof verbsOfSeveral;

function verbFor(amount: number, verb: Verb): string {
  return round(amount) === 1 ? verb : verbsOfSeveral[verb];
}

/** A bare number with its verb: `1 is`, `4 are`. */
export function numberWith(amount: number, verb: Verb): string {
  return `${round(amount)} ${verbFor(amount, verb)}`;
}

/** A number of things with their verb: `1 run was`, `4 runs were`. */
export function countWith(amount: number, noun: string, verb: Verb): string {
  return `${count(amount, noun)} ${verbFor(amount, verb)}`;
}

/** Some of several things with their verb: `the one node takes`, `the 4 nodes take`, `1 of the 4 nodes takes`. */
export function partWith(
  part: number,
  all: number,
  things: { readonly noun: string; readonly which: string },
  verb: Verb,
) {
  const those = all === 1 ? `the one ${things.noun}` : `the ${count(all, things.noun)}`;
  const some = part === all ? those : `${part} of ${those}`;
  return `${some} ${things.which} ${verbFor(part, verb)}`;
}

/** Milli-GPUs as GPUs with two digits at most. */
export function gpusOf(millis: number): number {
  return round(millis / wholeGpu);
}

/** CPUs with two digits at most, rounded down: what is written as free is free. */
export function cpusOf(millis: number): number {
  return Math.floor(millis / 10 + 1e-6) / 100;
}

function round(amount: number): number {
  return Math.round(amount * 100) / 100;
}

/** What one member asks of GPUs: `4 GPUs`, `0.4 of a GPU`, `a 3g.40gb slice`. */
export function wordsOfGpus(gpu: GpuAsk, models: readonly string[] = []): string {
  const model = models.length === 0 ? "" : `${models.join(" or ")} `;
  switch (gpu.kind) {
    case "none":
      return "no GPU";
    case "whole":
      return `${gpu.count} ${model}GPU${gpu.count === 1 ? "" : "s"}`;
    case "share":
      return `${gpusOf(gpu.millis)} of a ${model}GPU`;
    case "mig":
      return `a ${gpu.profile} slice${model === "" ? "" : ` of a ${model}GPU`}`;
  }
}

/** What all members ask of GPUs: `4 GPUs`, `8 members of 4 GPUs each`. */
export function wordsOfAsk(shape: Shape, members: number): string {
  const each = wordsOfGpus(shape.gpu, shape.gpuModels);
  return members === 1 ? each : `${members} members of ${each} each`;
}

/** An amount of a quota: `8 GPUs`, `8 H100 GPUs`, `12 CPUs`, `64GB of memory`, `3 of licence`. */
export function wordsOfAmount(key: string, amount: number): string {
  if (key === "gpu") return count(gpusOf(amount), "GPU");
  if (key.startsWith("gpu:")) return count(gpusOf(amount), `${key.slice(4)} GPU`);
  if (key === "cpu") return count(cpusOf(amount), "CPU");
  if (key === "memory") return `${formatMemory(amount)} of memory`;
  return `${amount} of ${key}`;
}

/** An amount of a quota with its verb: `1 GPU is`, `8 GPUs are`, `64GB of memory is`. */
export function wordsOfAmountWith(key: string, amount: number, verb: Verb): string {
  const number = key === "memory" ? 1 : key === "cpu" ? cpusOf(amount) : isGpuKey(key) ? gpusOf(amount) : amount;
  return `${wordsOfAmount(key, amount)} ${verbFor(number, verb)}`;
}

/** A list for people: `a`, `a and b`, `a, b and 3 others`. */
export function wordsOfList(names: readonly string[], most = 3): string {
  if (names.length <= 1) return names.join("");
  const shown = names.slice(0, most);
  const others = names.length - shown.length;
  if (others > 0) return `${shown.join(", ")} and ${count(others, "other")}`;
  return `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}
