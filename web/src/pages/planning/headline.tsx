import type { ReactNode } from "react";
import type { Fields } from "../../api/reading.ts";
import { type FigureFact, Figures } from "../../design/figures.tsx";
import {
  formatCount,
  formatFigure,
  formatPercent,
  formatPower,
  formatShortCount,
  formatSpan,
  formatUsd,
} from "../../words/numbers.ts";
import type { PlanningView } from "./controls.ts";
import { monthNames } from "./month-names.ts";

const usd = (value: number | null): string => (value === null ? "–" : formatUsd(value));
const counted = (count: number, noun: string): string => `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
const fromTo = (start: number, end: number): string =>
  start === end ? formatCount(start) : `${formatCount(start)} → ${formatCount(end)}`;

/** A foreseen duration in three digits: no answer is known to the hour. */
const inDays = (days: number): string =>
  days < 2 ? `${formatFigure(days * 24, 3)} h` : `${formatFigure(Number(days.toPrecision(3)), 3)} days`;
/** An estimated count in three digits. */
const about = (count: number): string => formatShortCount(Number(count.toPrecision(3)));

/** The figures that a view is asked for, each with the interval or the error that goes with it. */
export function Headline({ view, answer }: { readonly view: PlanningView; readonly answer: Fields }): ReactNode {
  return <Figures facts={factsOf(view, answer)} />;
}

function factsOf(view: PlanningView, answer: Fields): readonly FigureFact[] {
  switch (view) {
    case "fleet":
      return fleetFacts(answer);
    case "training":
      return trainingFacts(answer);
    case "serving":
      return servingFacts(answer);
    case "cost":
      return costFacts(answer);
    case "advice":
      return adviceFacts(answer);
  }
}

/** The error that the benchmark measured for the quantity at `index`, `±9.4%`; null when none was. */
function errorPercent(answer: Fields, index: number): string | null {
  const error = answer.list("errors", (each) => each.numberOr("percent", null))[index] ?? null;
  if (error === null) return null;
  return error <= 100 ? `±${error.toFixed(1)}%` : `within ${(1 + error / 100).toFixed(1)} times`;
}

function errorNote(answer: Fields, index: number): string {
  const percent = errorPercent(answer, index);
  const isGuess = answer.list("fallbacks", () => true).length > 0;
  return percent === null ? "not measured" : `${percent} ${isGuess ? "with what is guessed" : "measured"}`;
}

function costFigures(answer: Fields): readonly FigureFact[] {
  const cost = answer.fields("cost");
  const comparison = cost.fields("comparison");
  const [best] = cost.list("spreads", (spread) => spread);
  const hour = best?.fields("gpuHour");
  const present = best?.fields("present");
  const likeliest = cost.fields("best").fields("summary").numberOr("presentUsd", null);
  const between = (spread: Fields | undefined): string =>
    `${usd(spread?.numberOr("p10", null) ?? null)} to ${usd(spread?.numberOr("p90", null) ?? null)} in 80% of draws`;
  const breakEven = comparison.numberOr("breakEvenMonth", null);
  const use = comparison.numberOr("breakEvenUtilisation", null);
  return [
    {
      label: `Cheapest: ${best?.textOr("name", "") ?? ""}`,
      value: usd(present?.numberOr("p50", null) ?? null),
      note: `${between(present)}; likeliest ${usd(likeliest)}`,
    },
    { label: "Per used GPU-hour", value: usd(hour?.numberOr("p50", null) ?? null), note: between(hour) },
    {
      label: "Buying breaks even",
      value: breakEven === null ? "never" : `month ${breakEven}`,
      note: breakEvenNote(comparison.textOr("against", null), use),
    },
  ];
}

/** What buying is compared with, and the mean use above which it is the cheaper. */
function breakEvenNote(against: string | null, use: number | null): string {
  if (against === null) return "one way is open";
  if (against === "reserve") return "with reserving";
  return use === null ? "renting is cheaper at any use" : `owning is cheaper above ${formatPercent(use, 0)} mean use`;
}

function fleetFacts(answer: Fields): readonly FigureFact[] {
  const capacity = answer.fields("capacity");
  const power = answer.fields("power");
  const short = capacity.numberOr("firstShortMonth", null);
  const shortMonths = capacity.numberOr("shortMonths", 0);
  const demand = capacity.list("months", (month) => month.numberOr("p90Gpus", 0));
  const isToTheEnd = short === null || short + shortMonths === demand.length;
  return [
    {
      label: "GPUs",
      value: fromTo(capacity.numberOr("gpusAtStart", 0), capacity.numberOr("gpusAtPeak", 0)),
      note: `${counted(answer.numberOr("servers", 0), "server")}; P90 of demand ${fromTo(demand[0] ?? 0, demand.at(-1) ?? 0)}, not measured`,
    },
    {
      label: isToTheEnd ? "Shortage from" : "Shortage, first",
      value: short === null ? "none" : (monthNames(answer.textOr("startMonth", ""), short + 1).at(-1) ?? ""),
      note:
        short === null
          ? "within the horizon"
          : isToTheEnd
            ? "on, to the end"
            : `in ${counted(shortMonths, "month")} in all`,
    },
    ...costFigures(answer),
    {
      label: "Power",
      value: formatPower(power.numberOr("provisionedKw", 0)),
      note: `${counted(power.numberOr("racks", 0), "rack")}, not measured`,
    },
  ];
}

function costFacts(answer: Fields): readonly FigureFact[] {
  const tokens = answer.fields("cost").fieldsOrNull("usdPerMillionTokens");
  const millions: readonly FigureFact[] =
    tokens === null
      ? []
      : [
          {
            label: "A million tokens",
            value: usd(tokens.numberOr("p50", null)),
            note: `${usd(tokens.numberOr("p10", null))} to ${usd(tokens.numberOr("p90", null))} in 80% of draws`,
          },
        ];
  return [
    {
      label: "Fleet",
      value: formatCount(answer.numberOr("gpus", 0)),
      note: counted(answer.numberOr("servers", 0), "server"),
    },
    ...costFigures(answer),
    ...millions,
  ];
}

function trainingFacts(answer: Fields): readonly FigureFact[] {
  const step = answer.fields("step");
  const memory = answer.fields("memory");
  const days = answer.fieldsOrNull("days");
  // As unsure as the days that they are counted over.
  const hoursAt = (end: "low" | "high"): string =>
    about((answer.numberOr("gpuHours", 0) * (days?.numberOr(end, 0) ?? 0)) / (days?.numberOr("likely", 1) ?? 1));
  const run: readonly FigureFact[] =
    days === null
      ? []
      : [
          {
            label: "Whole run",
            value: inDays(days.numberOr("likely", 0)),
            note: `${inDays(days.numberOr("low", 0))} to ${inDays(days.numberOr("high", 0))}, 80% interval`,
          },
          {
            label: "GPU-hours",
            value: about(answer.numberOr("gpuHours", 0)),
            note: `${hoursAt("low")} to ${hoursAt("high")}, failures included`,
          },
        ];
  return [
    { label: "Step", value: formatSpan(step.numberOr("seconds", 0) * 1000), note: errorNote(answer, 0) },
    {
      label: "Tokens/s of a GPU",
      value: formatCount(step.numberOr("tokensPerSecondPerGpu", 0)),
      note: `MFU ${formatPercent(step.numberOr("mfu", 0), 0)}; ${errorNote(answer, 0)}`,
    },
    ...run,
    {
      label: "Memory",
      value: `${formatFigure(memory.numberOr("peakGib", 0), 3)} GiB`,
      note: `of ${formatFigure(memory.numberOr("usableGib", 0), 3)}; ${errorNote(answer, 1)}`,
    },
    { label: "Fits with", value: chance(memory.numberOr("fitProbability", 0)), note: "chance, not measured" },
  ];
}

function chance(share: number): string {
  return share > 0.995 ? "over 99%" : formatPercent(share, 0);
}

function servingFacts(answer: Fields): readonly FigureFact[] {
  const loop = answer.fields("closedLoop");
  const replicas = answer.fieldsOrNull("replicas");
  const memory = answer.fields("memory");
  const inFlight = `${formatCount(answer.numberOr("concurrency", 0))} in flight`;
  const span = (estimate: Fields): string => formatSpan(estimate.numberOr("likely", 0) * 1000);
  return [
    ...(replicas === null
      ? []
      : [
          {
            label: "GPUs",
            value: formatCount(replicas.numberOr("gpus", 0)),
            note: replicasNote(replicas),
          },
        ]),
    {
      label: "Each token (TPOT)",
      value: span(loop.fields("tpotSeconds")),
      note: `${errorNote(answer, 0)}, ${inFlight}`,
    },
    {
      label: "First token (TTFT)",
      value: span(loop.fields("ttftSeconds")),
      note: `${errorNote(answer, 1)}, ${inFlight}`,
    },
    {
      label: "Saturated, tokens/s",
      value: about(answer.fields("saturated").fields("outputTokensPerSecond").numberOr("likely", 0)),
      note: errorNote(answer, 2),
    },
    {
      label: "Fits with",
      value: chance(memory.numberOr("fitProbability", 0)),
      note: `${formatShortCount(memory.numberOr("requestsMax", 0))} requests at once, weights in ${answer.fields("asked").textOr("precision", "")}`,
    },
  ];
}

/** `4 replicas (2 to 14), not measured`: the range is what the intervals of the times make of it. */
function replicasNote(replicas: Fields): string {
  const range = replicas.fieldsOrNull("range");
  const end = (name: string): string => formatCount(range?.numberOr(name, null) ?? Number.POSITIVE_INFINITY);
  const between =
    range === null ? "" : ` (${end("low")} to ${range.numberOr("high", null) === null ? "none" : end("high")})`;
  const count = replicas.numberOr("replicas", 0);
  return `${formatCount(count)} ${count === 1 ? "replica" : "replicas"}${between}, not measured`;
}

function adviceFacts(answer: Fields): readonly FigureFact[] {
  const [best] = answer.list("options", (option) => option);
  const [model] = answer.fields("operations").list("options", (option) => option.textOr("name", ""));
  const isTraining = answer.textOr("kind", "") === "training";
  const period = isTraining ? "for the run" : "a month";
  return [
    {
      label: "GPU",
      value: best?.textOr("gpu", "") ?? "–",
      note: `${formatCount(best?.numberOr("gpus", 0) ?? 0)} of them`,
    },
    {
      label: `Cost ${period}`,
      value: usd(best?.numberOr("usd", null) ?? null),
      note: `to ${best?.textOr("cheapestWay", "") ?? ""}, not measured`,
    },
    {
      label: "A million tokens",
      value: usd(best?.numberOr("usdPerMillionTokens", null) ?? null),
      note: `${isTraining ? "trained on" : "written at the peak"}, not measured`,
    },
    {
      label: "Predicted times",
      value: errorPercent(answer, 0) ?? "not measured",
      note: "holds for 80% of measured rows",
    },
    { label: "Run by", value: model ?? "–", note: "fees assumed" },
  ];
}
