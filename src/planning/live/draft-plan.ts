import type { z } from "zod";
import type { inferredSchema, planSchema } from "../model.ts";
import { infeasiblePlan } from "../problems/plan-fault.ts";
import { dayNumber, nextMonth, wholeMonths } from "./calendar-days.ts";
import { fitGrowth } from "./fit-growth.ts";
import type { DraftQuestion } from "./model.ts";
import { recordedTrace } from "./recorded-trace.ts";

/** A plan as a person could have written it. */
export type PlanDraft = z.input<typeof planSchema>;

type Inferred = z.infer<typeof inferredSchema>;
type StageName = PlanDraft["demand"]["stages"][number]["stage"];

/** Which stage of the lifecycle a purpose of the ledger belongs to. */
const stageOf: Readonly<Record<string, StageName>> = {
  training: "training",
  evaluation: "evaluation",
  pipeline: "data",
  replica: "serving",
  workspace: "development",
};

const secondsPerHour = 3600;
const hoursPerDay = 24;
/** Days that tell how much is in use now. */
const recentDays = 30;
/** A history of at least so many whole months is forecast as it is. */
const monthsForHistory = 6;
/** Stages of a plan; those beyond are added up in one. */
const stagesMax = 29;
/** A stage that never held this much is left out. */
const leastGpus = 0.01;

/** One stage's use: GPUs held on average in each hour, oldest first, without gaps. */
interface StageUse {
  readonly name: string;
  readonly stage: StageName;
  readonly hours: readonly number[];
}

/**
 * Draws up a plan from the ledger: a stage for each team and purpose, its growth fitted, the mean use over the peak.
 *
 * A stage is as large as its busiest hour; how much 95 % of its hours ask for at most stands beside it. Every figure is
 * listed in the plan's `inferred`, so that it stands among the assumptions of the answer. Peaks within an hour are averaged
 * out, and what waited is not in the ledger's sums.
 *
 * Where no GPU was held in that time and the stages are given besides, the draft has none, and its `inferred` says so.
 *
 * @throws {Fault} `planning.plan-infeasible` when no GPU was held in that time and no stages are given.
 */
export function draftPlan(question: DraftQuestion): PlanDraft {
  const from = question.hours.reduce((first, { hour }) => (dayOf(hour) < first ? dayOf(hour) : first), question.until);
  const uses = joinSmall(usesOf(question, from));
  if (uses.length === 0) return draftOfNothing(question);
  const inferred: Inferred[] = [];
  const stages = uses.map((use, index) => toStage(use, `demand.stages[${index}]`, from, inferred));
  const utilisation = utilisationOf(uses);
  const trace = recordedTrace(question.queue ?? []);
  const days = Math.min(recentDays, (uses[0]?.hours.length ?? 0) / hoursPerDay);
  inferred.push({
    path: "cost.utilisation",
    value: utilisation,
    unit: "mean over peak",
    source: `ledger by hour, the last ${days} days, all stages together`,
  });
  return {
    name: `Demand as used until ${question.until}`,
    startMonth: nextMonth(question.until),
    fleet: { gpu: question.gpu },
    demand: { stages },
    cost: { utilisation },
    ...(trace === undefined ? {} : { trace: { text: trace } }),
    inferred,
  };
}

/** What an empty ledger leaves to draw up: the month and the GPU. */
function draftOfNothing({ until, gpu, hasStages }: DraftQuestion): PlanDraft {
  const nothing = `no GPU time until ${until}`;
  if (hasStages !== true) {
    throw infeasiblePlan(
      "demand.stages",
      `the ledger has ${nothing}; let the platform run work first, or write stages of demand into a plan: millwright plan --from-live -f plan.yaml`,
    );
  }
  const source = `the ledger has ${nothing}: nothing of this plan was read from it, and its stages are those that were given`;
  return {
    name: `Demand as given, ${until}`,
    startMonth: nextMonth(until),
    fleet: { gpu },
    demand: { stages: [] },
    inferred: [{ path: "ledger", value: 0, unit: "GPU-hours", source }],
  };
}

const dayOf = (hour: string): string => hour.slice(0, "2026-12-01".length);

function usesOf(question: DraftQuestion, from: string): readonly StageUse[] {
  const length = (dayNumber(question.until) - dayNumber(from) + 1) * hoursPerDay;
  const byName = new Map<string, { readonly stage: StageName; readonly hours: number[] }>();
  for (const { hour, purpose, project, gpuSeconds } of question.hours) {
    const stage = stageOf[purpose] ?? "training";
    const team = question.teams?.[project] ?? project;
    const name = `${stage} of ${team}`;
    const found = byName.get(name) ?? { stage, hours: new Array<number>(length).fill(0) };
    byName.set(name, found);
    const at = (dayNumber(dayOf(hour)) - dayNumber(from)) * hoursPerDay + Number(hour.slice(-2));
    if (at >= 0 && at < length) found.hours[at] = (found.hours[at] ?? 0) + gpuSeconds / secondsPerHour;
  }
  return [...byName]
    .map(([name, use]) => ({ name, ...use }))
    .filter((use) => most(use.hours) >= leastGpus)
    .toSorted((left, right) => sum(right.hours) - sum(left.hours) || (left.name < right.name ? -1 : 1));
}

/** The largest as they are, the others as one. */
function joinSmall(uses: readonly StageUse[]): readonly StageUse[] {
  const rest = uses.slice(stagesMax);
  const [first] = rest;
  if (first === undefined) return uses;
  const hours = first.hours.map((_, at) => rest.reduce((total, use) => total + (use.hours[at] ?? 0), 0));
  return [...uses.slice(0, stagesMax), { name: `${rest.length} smaller ones`, stage: first.stage, hours }];
}

function toStage(
  { name, stage, hours }: StageUse,
  path: string,
  from: string,
  inferred: Inferred[],
): PlanDraft["demand"]["stages"][number] {
  const note = (field: string, value: number, unit: string, source: string): void => {
    inferred.push({ path: `${path}.${field}`, value, unit, source: `ledger, ${name}: ${source}` });
  };
  const months = monthlyPeaks(hours, from);
  if (months.length >= monthsForHistory) {
    for (const [at, gpus] of months.entries())
      note(`history[${at}]`, gpus, "GPUs", "the busiest hour of a whole month");
    return { stage, name, history: [...months] };
  }
  const recent = hours.slice(-recentDays * hoursPerDay);
  const gpus = round(most(recent));
  const usual = `95 % of hours held at most ${round(quantile(recent, 0.95))}, the mean is ${round(sum(recent) / recent.length)}`;
  note("gpus", gpus, "GPUs", `the busiest hour of the last ${recent.length / hoursPerDay} days; ${usual}`);
  const growth = fitGrowth(daysOf(hours));
  if (growth === undefined) return { stage, name, gpus };
  note("growthPerYear", growth.perYear, "a year", `fitted to ${growth.weeks} weeks`);
  note("growthUncertainty", growth.uncertainty, "of demand after a year", "standard error of that fit");
  return { stage, name, gpus, growthPerYear: growth.perYear, growthUncertainty: growth.uncertainty };
}

/** The busiest hour of each whole calendar month, oldest first, from the first month with any use on. */
function monthlyPeaks(hours: readonly number[], from: string): readonly number[] {
  const spans = wholeMonths(from, hours.length / hoursPerDay);
  const peaks = spans.map(({ begin, end }) => round(most(hours.slice(begin * hoursPerDay, end * hoursPerDay))));
  const begun = peaks.findIndex((peak) => peak > 0);
  return begun === -1 ? [] : peaks.slice(begun);
}

function utilisationOf(uses: readonly StageUse[]): number {
  const length = uses[0]?.hours.length ?? 0;
  const total = Array.from({ length }, (_, at) => uses.reduce((all, use) => all + (use.hours[at] ?? 0), 0));
  const recent = total.slice(-recentDays * hoursPerDay);
  return round(Math.min(1, Math.max(0.05, sum(recent) / recent.length / Math.max(most(recent), leastGpus))));
}

/** The mean of each day. */
function daysOf(hours: readonly number[]): readonly number[] {
  const days = Math.floor(hours.length / hoursPerDay);
  return Array.from(
    { length: days },
    (_, day) => sum(hours.slice(day * hoursPerDay, (day + 1) * hoursPerDay)) / hoursPerDay,
  );
}

/** The least value that a share of the values does not exceed. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

const most = (values: readonly number[]): number => values.reduce((high, value) => Math.max(high, value), 0);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const round = (value: number): number => Number(value.toPrecision(4));
