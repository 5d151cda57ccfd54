import { isFault } from "../../base/fault.ts";
import type { WhatIf } from "../advice/align-workload.ts";

/** `+12 %`, `-3 %`, `unchanged` below half a percent: how a figure changes, over what it was. */
export function writeChange(after: number, before: number): string {
  const percent = Math.round((after / before - 1) * 100);
  if (percent === 0) return "unchanged";
  return `${percent >= 0 ? "+" : ""}${percent} %`;
}

/** What a change leads to, or why it cannot be done, the first line of it. */
export function askWhatIf(change: string, effectOf: () => string): WhatIf {
  try {
    return { change, effect: effectOf() };
  } catch (error) {
    if (!isFault(error)) throw error;
    const [why = ""] = error.message.split("\n");
    return { change, effect: `cannot be done: ${why.replace(/:$/, "")}` };
  }
}
