import type { StepPart } from "../training/step-time.ts";

/** What a step's time is spent on, in the words of who reads the report. */
export const stepPartWords: Readonly<Record<StepPart, string>> = {
  products: "matrix products",
  attention: "attention",
  memory: "memory traffic",
  host: "kernel launches",
  tensor: "tensor-parallel communication",
  exchange: "expert all-to-all",
  bubble: "pipeline bubble",
  data: "data-parallel communication",
  optimizer: "optimizer",
};
