import { profileChoices } from "./day-profiles.ts";
import type { UrlState } from "../../words/url-state.ts";

/** The parts of the page: each asks the planner another question. */
export const planningViews = ["fleet", "training", "serving", "cost", "advice"] as const;

export type PlanningView = (typeof planningViews)[number];

/** One thing that can be set; its value lives in the page's address under its name. */
export type Control =
  | {
      readonly kind: "amount";
      readonly name: string;
      readonly label: string;
      /** Places of the slider, ascending; any number between the first and the last may be typed. */
      readonly steps: readonly number[];
      readonly initial: number;
      readonly unit: string;
    }
  | {
      readonly kind: "choice";
      readonly name: string;
      readonly label: string;
      readonly choices: readonly (readonly [value: string, label: string])[];
      readonly initial: string;
    }
  | {
      /** A name of the catalog, chosen or typed. */
      readonly kind: "name";
      readonly name: string;
      readonly label: string;
      readonly list: "accelerators" | "models" | "prices";
      readonly initial: string;
    };

/** A heading with its controls. */
export interface ControlGroup {
  readonly title: string;
  readonly controls: readonly Control[];
}

/** 1, 2 and 5 times the powers of ten from `from` to `to`. */
function decades(from: number, to: number): readonly number[] {
  const steps: number[] = [];
  for (let power = Math.floor(Math.log10(from)); 10 ** power <= to; power += 1) {
    for (const factor of [1, 2, 5]) steps.push(Number((factor * 10 ** power).toPrecision(3)));
  }
  return steps.filter((step) => step >= from && step <= to);
}

function evenly(from: number, to: number, step: number): readonly number[] {
  return Array.from({ length: Math.round((to - from) / step) + 1 }, (_, at) => Number((from + at * step).toFixed(6)));
}

const doublings = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.log2(to / from) + 1 }, (_, power) => from * 2 ** power);

const fleetSteps = [0, 1, 2, 4, 8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096];

function amountOf(
  name: string,
  label: string,
  steps: readonly number[],
  initial: number,
  unit: string,
): Extract<Control, { kind: "amount" }> {
  return { kind: "amount", name, label, steps, initial, unit };
}

const gpu = (list: "accelerators" | "prices", initial: string): Control => {
  return { kind: "name", name: "gpu", label: "GPU", list, initial };
};
const model: Control = { kind: "name", name: "model", label: "Model", list: "models", initial: "Llama-3.1-70B" };
const weights = amountOf("weights", "Weights (0: from its name)", [0, ...decades(1e8, 5e12)], 0, "");
const productFormats = [
  ["bf16", "bf16"],
  ["fp8", "fp8"],
  ["fp4", "fp4"],
] as const;
/** Of served weights alone: products are made in 16 bits. */
const servedFormats = [
  ["", "as published"],
  ...productFormats,
  ["int8", "int8 weights"],
  ["int4", "int4 weights"],
] as const;
const precision = (isServed: boolean): Control => ({
  kind: "choice",
  name: "precision",
  label: "Number format",
  choices: isServed ? servedFormats : productFormats,
  initial: isServed ? "" : "bf16",
});
const months = amountOf("months", "Horizon", evenly(12, 84, 6), 48, "months");
const use = amountOf("use", "Mean use over peak", evenly(5, 100, 5), 65, "%");
const energy = amountOf("energy", "Price of power", evenly(0.02, 0.4, 0.01), 0.08, "$/kWh");

const fleet: readonly ControlGroup[] = [
  {
    title: "Fleet",
    controls: [
      gpu("prices", "H100-SXM"),
      months,
      amountOf("confidence", "Demand is met in", [50, 75, 80, 90, 95, 99], 95, "% of futures"),
    ],
  },
  {
    title: "GPUs at the busiest moment of the first month",
    controls: [
      amountOf("training", "Training", fleetSteps, 64, "GPUs"),
      amountOf("serving", "Serving", fleetSteps, 16, "GPUs"),
      amountOf("development", "Development", fleetSteps, 8, "GPUs"),
      amountOf("evaluation", "Evaluation", fleetSteps, 4, "GPUs"),
      amountOf("data", "Data", fleetSteps, 0, "GPUs"),
    ],
  },
  {
    title: "Growth",
    controls: [
      amountOf("growth", "Training and the rest", evenly(-20, 200, 5), 30, "% a year"),
      amountOf("serving-growth", "Serving", evenly(-20, 300, 10), 80, "% a year"),
      amountOf("unsure", "May be off after a year", evenly(0, 100, 5), 25, "%"),
    ],
  },
  {
    title: "Costs and network",
    controls: [use, energy, amountOf("oversubscription", "Oversubscription", [1, 2, 3, 4], 1, "to 1")],
  },
];

const training: readonly ControlGroup[] = [
  {
    title: "Run",
    controls: [
      model,
      weights,
      gpu("accelerators", "H100-SXM"),
      amountOf("gpus", "GPUs", doublings(1, 16_384), 64, "GPUs"),
      amountOf("tokens", "Tokens", decades(1e9, 5e13), 1e12, ""),
    ],
  },
  {
    title: "How it runs",
    controls: [
      precision(false),
      {
        kind: "choice",
        name: "trains",
        label: "What is trained",
        choices: [
          ["all", "all weights"],
          ["lora", "adapters (LoRA)"],
          ["qlora", "adapters (QLoRA)"],
        ],
        initial: "all",
      },
      amountOf("sequence", "Sequence", doublings(1024, 131_072), 4096, "tokens"),
      amountOf("batch", "Sequences of a step", doublings(1, 16_384), 1024, ""),
      {
        kind: "choice",
        name: "stack",
        label: "Software",
        choices: [
          ["megatron-core", "Megatron Core"],
          ["fsdp", "PyTorch FSDP"],
          ["megatron-classic", "Megatron of 2021"],
        ],
        initial: "megatron-core",
      },
      amountOf("interruption", "GPU-hours between failures", decades(1000, 1e6), 50_000, ""),
    ],
  },
];

const requests: readonly Control[] = [
  amountOf("rps", "Requests at the peak", decades(0.1, 5000), 20, "a second"),
  amountOf("input", "Prompt", decades(10, 100_000), 2000, "tokens"),
  amountOf("output", "Answer", decades(1, 10_000), 200, "tokens"),
  amountOf("ttft", "First token within", decades(50, 20_000), 1000, "ms"),
  amountOf("tpot", "Each token after it within", decades(5, 500), 50, "ms"),
];
const engine: Control = {
  kind: "choice",
  name: "engine",
  label: "Engine",
  choices: [
    ["vllm", "vLLM"],
    ["sglang", "SGLang"],
    ["trtllm", "TensorRT-LLM"],
  ],
  initial: "vllm",
};

const serving: readonly ControlGroup[] = [
  { title: "Service", controls: [model, weights, gpu("accelerators", "H200-SXM"), ...requests] },
  {
    title: "How it runs",
    controls: [
      engine,
      precision(true),
      {
        kind: "choice",
        name: "load",
        label: "Requests come",
        choices: [
          ["varied", "as users do"],
          ["fixed", "in even waves"],
          ["swept", "as in a load test"],
        ],
        initial: "varied",
      },
      { kind: "choice", name: "hours", label: "Load by the hour", choices: profileChoices, initial: "" },
      amountOf("cached", "Prompt held by a prefix cache", evenly(0, 95, 5), 0, "%"),
      amountOf("good", "Requests that keep both goals", [50, 80, 90, 95, 99], 95, "%"),
      amountOf("concurrency", "Requests in flight on a replica", doublings(1, 512), 32, ""),
    ],
  },
];

const cost: readonly ControlGroup[] = [
  {
    title: "Fleet",
    controls: [
      gpu("prices", "H100-SXM"),
      amountOf("gpus", "GPUs", doublings(1, 16_384), 64, "GPUs"),
      months,
      use,
      energy,
    ],
  },
  {
    title: "Prices (0: from the catalog)",
    controls: [
      amountOf("server", "Server, for one GPU", [0, ...evenly(5000, 80_000, 1000)], 0, "$"),
      amountOf("rent", "Rent of a GPU", [0, ...evenly(0.25, 12, 0.25)], 0, "$/h"),
      amountOf("yield", "Tokens of one GPU (0: not asked)", [0, ...decades(10, 100_000)], 1000, "a second"),
    ],
  },
];

const runInTime: ControlGroup = {
  title: "Training",
  controls: [
    amountOf("tokens", "Tokens", decades(1e9, 5e13), 1e12, ""),
    amountOf("days", "Done within", [1, 2, 3, 7, 14, 21, 30, 45, 60, 90, 120, 180, 365], 60, "days"),
  ],
};

const adviceOn = (isServed: boolean): readonly ControlGroup[] => [
  {
    title: "Workload",
    controls: [
      {
        kind: "choice",
        name: "work",
        label: "Kind",
        choices: [
          ["serving", "Serving"],
          ["training", "Training"],
        ],
        initial: "serving",
      },
      model,
      weights,
      precision(isServed),
    ],
  },
  isServed ? { title: "Serving", controls: [engine, ...requests] } : runInTime,
  {
    title: "Rules and people",
    controls: [
      {
        kind: "choice",
        name: "residency",
        label: "Data stay in",
        choices: [
          ["", "any country"],
          ["DE", "Germany"],
          ["FR", "France"],
          ["NL", "Netherlands"],
          ["GB", "United Kingdom"],
          ["CH", "Switzerland"],
          ["US", "United States"],
        ],
        initial: "",
      },
      {
        kind: "choice",
        name: "isolation",
        label: "Isolation",
        choices: [
          ["shared", "shared hosts"],
          ["dedicated-host", "our own hosts"],
          ["own-hardware", "our own hardware"],
        ],
        initial: "shared",
      },
      {
        kind: "choice",
        name: "coverage",
        label: "Someone on call",
        choices: [
          ["office-hours", "in office hours"],
          ["around-the-clock", "around the clock"],
        ],
        initial: "office-hours",
      },
    ],
  },
];

const groups = { fleet, training, serving, cost } as const;
const [adviceOnServing, adviceOnTraining] = [adviceOn(true), adviceOn(false)];

/** The controls of a view; of advice, those of the kind of workload that is asked about. */
export function controlsOf(view: PlanningView, state: UrlState): readonly ControlGroup[] {
  if (view !== "advice") return groups[view];
  return state["work"] === "training" ? adviceOnTraining : adviceOnServing;
}

/** The number under a control's name, within its bounds; its initial value when the address holds none. */
export function amountIn(control: Extract<Control, { kind: "amount" }>, state: UrlState): number {
  const text = state[control.name];
  const value = text === undefined ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) return control.initial;
  return Math.min(control.steps.at(-1) ?? value, Math.max(control.steps[0] ?? value, value));
}

/** The text under a control's name, or its initial value. */
export function textIn(control: Exclude<Control, { kind: "amount" }>, state: UrlState): string {
  const text = state[control.name];
  if (text === undefined) return control.initial;
  const isKnown = control.kind === "name" || control.choices.some(([value]) => value === text);
  return isKnown ? text : control.initial;
}
