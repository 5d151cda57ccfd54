import type { PlanningKind } from "../../../../src/planning/questions/model.ts";
import type { UrlState } from "../../words/url-state.ts";
import { sharesOf } from "./day-profiles.ts";
import { readPlan } from "./plan-document.ts";
import { amountIn, controlsOf, type PlanningView, textIn } from "./controls.ts";

/** What is asked, as the API takes it. */
export interface PlanningQuestion {
  readonly kind: PlanningKind;
  readonly question: Readonly<Record<string, unknown>>;
}

interface Values {
  readonly amount: (name: string) => number;
  readonly text: (name: string) => string;
}

/** The question that an address asks: the same address is the same question, on every machine. */
export function questionOf(view: PlanningView, state: UrlState, thisMonth: string): PlanningQuestion {
  const values = readValues(view, state);
  switch (view) {
    case "fleet":
      return { kind: "plan", question: wholePlan(state["plan"]) ?? planOf(values, state["start"] ?? thisMonth) };
    case "training":
      return { kind: "size-training", question: trainingOf(values) };
    case "serving":
      return { kind: "size-inference", question: servingOf(values) };
    case "cost":
      return { kind: "cost", question: costOf(values, state["start"] ?? thisMonth) };
    case "advice":
      return { kind: "advise", question: adviceOf(values) };
  }
}

/** The plan that an address holds; undefined when it holds none, or no object. */
function wholePlan(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  const value = text === undefined ? undefined : readPlan(text).value;
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

function readValues(view: PlanningView, state: UrlState): Values {
  const amounts = new Map<string, number>();
  const texts = new Map<string, string>();
  for (const { controls } of controlsOf(view, state)) {
    for (const control of controls) {
      if (control.kind === "amount") amounts.set(control.name, amountIn(control, state));
      else texts.set(control.name, textIn(control, state));
    }
  }
  return { amount: (name) => amounts.get(name) ?? 0, text: (name) => texts.get(name) ?? "" };
}

const stages = ["training", "serving", "development", "evaluation", "data"] as const;

function planOf({ amount, text }: Values, startMonth: string): Readonly<Record<string, unknown>> {
  const asked = stages.flatMap((stage) => {
    const gpus = amount(stage);
    if (gpus === 0) return [];
    const growthPerYear = amount(stage === "serving" ? "serving-growth" : "growth") / 100;
    return [{ stage, gpus, growthPerYear, growthUncertainty: amount("unsure") / 100 }];
  });
  return {
    name: `A fleet of ${text("gpu")}`,
    startMonth,
    horizonMonths: amount("months"),
    fleet: { gpu: text("gpu") },
    demand: { quantile: amount("confidence") / 100, stages: asked },
    network: { oversubscription: amount("oversubscription") },
    cost: { utilisation: amount("use") / 100, usdPerKwh: amount("energy") },
  };
}

/** The model by its name, and its weights where they are given. */
function modelOf({ amount, text }: Values): Readonly<Record<string, unknown>> {
  const weights = amount("weights");
  return { model: text("model"), ...(weights > 0 ? { parameters: weights } : {}) };
}

function trainingOf(values: Values): Readonly<Record<string, unknown>> {
  const { amount, text } = values;
  return {
    ...modelOf(values),
    accelerator: text("gpu"),
    gpus: amount("gpus"),
    tokens: amount("tokens"),
    precision: text("precision"),
    sequenceTokens: amount("sequence"),
    globalSequences: amount("batch"),
    stack: text("stack"),
    ...(text("trains") === "all" ? {} : { isLora: true }),
    ...(text("trains") === "qlora" ? { frozenPrecision: "int4" } : {}),
    gpuHoursPerInterruption: amount("interruption"),
  };
}

/** Without a number format the planner takes the one that the model is published in. */
function requestsOf(values: Values): Readonly<Record<string, unknown>> {
  const { amount, text } = values;
  return {
    ...modelOf(values),
    engine: text("engine"),
    ...(text("precision") === "" ? {} : { precision: text("precision") }),
    inputTokens: amount("input"),
    outputTokens: amount("output"),
    peakPerSecond: amount("rps"),
    ttftSeconds: amount("ttft") / 1000,
    tpotSeconds: amount("tpot") / 1000,
  };
}

function servingOf(values: Values): Readonly<Record<string, unknown>> {
  const { amount, text } = values;
  const hourShares = sharesOf(text("hours"));
  return {
    ...requestsOf(values),
    accelerator: text("gpu"),
    load: text("load"),
    ...(hourShares === undefined ? {} : { hourShares }),
    cachedShare: amount("cached") / 100,
    goodShare: amount("good") / 100,
    concurrency: amount("concurrency"),
  };
}

function costOf({ amount, text }: Values, startMonth: string): Readonly<Record<string, unknown>> {
  const named = [
    ["serverUsdPerGpu", "server"],
    ["rentUsdPerGpuHour", "rent"],
    ["tokensPerSecondPerGpu", "yield"],
  ] as const;
  const given = named.filter(([, name]) => amount(name) > 0).map(([field, name]) => [field, amount(name)] as const);
  return {
    gpu: text("gpu"),
    gpus: amount("gpus"),
    months: amount("months"),
    startMonth,
    utilisation: amount("use") / 100,
    usdPerKwh: amount("energy"),
    ...Object.fromEntries(given),
  };
}

function adviceOf(values: Values): Readonly<Record<string, unknown>> {
  const { amount, text } = values;
  const work =
    text("work") === "training"
      ? {
          kind: "training",
          ...modelOf(values),
          precision: text("precision"),
          tokens: amount("tokens"),
          days: amount("days"),
        }
      : { kind: "serving", ...requestsOf(values) };
  return {
    work,
    residency: text("residency") === "" ? [] : [text("residency")],
    isolation: text("isolation"),
    coverage: text("coverage"),
  };
}
