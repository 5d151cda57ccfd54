import type { z } from "zod";
import type { inferredSchema, planSchema } from "../model.ts";
import { infeasiblePlan } from "../plan-fault.ts";
import { dayNumber, nextMonth, wholeMonths } from "./calendar-days.ts";
import { fitGrowth } from "./fit-growth.ts";
import type { DraftQuestion } from "./model.ts";

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

const secondsPerDay = 86_400;
/** Days that tell how much is in use now. */
const recentDays = 30;
/** A history of at least so many whole months is forecast as it is. */
const monthsForHistory = 6;
/** Stages of a plan; those beyond are added up in one. */
const stagesMax = 29;
/** A stage that never held this much is left out. */
const leastGpus = 0.01;

/** One stage's use: GPUs held on average on each day, oldest first, without gaps. */
interface StageUse {
  readonly name: string;
  readonly stage: StageName;
  readonly days: readonly number[];
}

/**
 * Draws up a plan from the ledger: a stage for each team and purpose, its growth fitted, the mean use over the peak.
 *
 * Every figure is listed in the plan's `inferred`, so that it stands among the assumptions of the answer. The ledger is read
 * by day: peaks within a day are averaged out, and what waited is not in it.
 *
 * @throws {Fault} `planning.plan-infeasible` when no GPU was held in that time.
 */
export function draftPlan(question: DraftQuestion): PlanDraft {
  const from = question.days.reduce((first, { day }) => (day < first ? day : first), question.until);
  const uses = joinSmall(usesOf(question, from));
  if (uses.length === 0) {
    throw infeasiblePlan(
      "demand.stages",
      `the ledger has no GPU time from ${from} to ${question.until}; nothing is used`,
    );
  }
  const inferred: Inferred[] = [];
  const stages = uses.map((use, index) => toStage(use, `demand.stages[${index}]`, from, inferred));
  const utilisation = utilisationOf(uses);
  inferred.push({
    path: "cost.utilisation",
    value: utilisation,
    unit: "mean over peak",
    source: `ledger, the last ${Math.min(recentDays, uses[0]?.days.length ?? 0)} days, all stages together`,
  });
  return {
    name: `Demand as used until ${question.until}`,
    startMonth: nextMonth(question.until),
    fleet: { gpu: question.gpu },
    demand: { stages },
    cost: { utilisation },
    inferred,
  };
}

function usesOf(question: DraftQuestion, from: string): readonly StageUse[] {
  const length = dayNumber(question.until) - dayNumber(from) + 1;
  const byName = new Map<string, { readonly stage: StageName; readonly days: number[] }>();
  for (const { day, purpose, project, gpuSeconds } of question.days) {
    const stage = stageOf[purpose] ?? "training";
    const team = question.teams[project] ?? project;
    const name = `${stage} of ${team}`;
    const found = byName.get(name) ?? { stage, days: new Array<number>(length).fill(0) };
    byName.set(name, found);
    const at = dayNumber(day) - dayNumber(from);
    if (at >= 0 && at < length) found.days[at] = (found.days[at] ?? 0) + gpuSeconds / secondsPerDay;
  }
  return [...byName]
    .map(([name, use]) => ({ name, ...use }))
    .filter((use) => Math.max(...use.days) >= leastGpus)
    .toSorted((left, right) => sum(right.days) - sum(left.days) || (left.name < right.name ? -1 : 1));
}

/** The largest as they are, the others as one. */
function joinSmall(uses: readonly StageUse[]): readonly StageUse[] {
  const rest = uses.slice(stagesMax);
  const [first] = rest;
  if (first === undefined) return uses;
  const days = first.days.map((_, at) => rest.reduce((total, use) => total + (use.days[at] ?? 0), 0));
  return [...uses.slice(0, stagesMax), { name: `${rest.length} smaller ones`, stage: first.stage, days }];
}

function toStage(
  { name, stage, days }: StageUse,
  path: string,
  from: string,
  inferred: Inferred[],
): PlanDraft["demand"]["stages"][number] {
  const note = (field: string, value: number, unit: string, source: string): void => {
    inferred.push({ path: `${path}.${field}`, value, unit, source: `ledger, ${name}: ${source}` });
  };
  const months = monthlyPeaks(days, from);
  if (months.length >= monthsForHistory) {
    for (const [at, gpus] of months.entries()) note(`history[${at}]`, gpus, "GPUs", "the busiest day of a whole month");
    return { stage, name, history: [...months] };
  }
  const recent = days.slice(-recentDays);
  const gpus = round(Math.max(...recent));
  note("gpus", gpus, "GPUs", `the busiest of the last ${recent.length} days`);
  const growth = fitGrowth(days);
  if (growth === undefined) return { stage, name, gpus };
  note("growthPerYear", growth.perYear, "a year", `fitted to ${growth.weeks} weeks`);
  note("growthUncertainty", growth.uncertainty, "of demand after a year", "standard error of that fit");
  return { stage, name, gpus, growthPerYear: growth.perYear, growthUncertainty: growth.uncertainty };
}

/** The busiest day of each whole calendar month, oldest first, from the first month with any use on. */
function monthlyPeaks(days: readonly number[], from: string): readonly number[] {
  const peaks = wholeMonths(from, days.length).map(({ begin, end }) => round(Math.max(...days.slice(begin, end))));
  const begun = peaks.findIndex((peak) => peak > 0);
  return begun === -1 ? [] : peaks.slice(begun);
}

function utilisationOf(uses: readonly StageUse[]): number {
  const length = uses[0]?.days.length ?? 0;
  const total = Array.from({ length }, (_, at) => uses.reduce((all, use) => all + (use.days[at] ?? 0), 0));
  const recent = total.slice(-recentDays);
  return round(Math.min(1, Math.max(0.05, sum(recent) / recent.length / Math.max(...recent, leastGpus))));
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const round = (value: number): number => Number(value.toPrecision(4));
