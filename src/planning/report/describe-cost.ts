import type { FleetPlan } from "../fleet/fleet-plan.ts";
import { costLines, type MonthlyCost } from "../cost/project-cost.ts";
import { describeErrors } from "./describe-errors.ts";
import { drawLines } from "./draw-lines.ts";
import { drawTornadoPlot } from "./draw-tornado.ts";
import type { Block, Section } from "./model.ts";
import { tellShares } from "./tell-money.ts";
import {
  monthAfter,
  writeNumber,
  writeShare,
  writeSpread,
  writeUsd,
  writeAboutUsd,
  writeWhole,
} from "./write-figure.ts";

/** Bars of the tornado that are shown. */
const barsShown = 10;
/** Bars that move the result by less, as a share of it, are not shown. */
const leastSwing = 0.001;

/** The money of a plan, with how wrong it may be. */
type Priced = Pick<FleetPlan, "cost" | "startMonth"> & { readonly errors: Pick<FleetPlan["errors"], "cost"> };

/** What it costs, how to get the GPUs, and what makes the answer unsure. */
export function describeCost(plan: Priced): readonly Section[] {
  return [describeWays(plan), describeYears(plan), describeRisk(plan)];
}

function describeWays(plan: Priced): Section {
  const { cost } = plan;
  const rows = cost.comparison.options.map((option, index) => {
    const spread = cost.spreads[index];
    return [
      option.name,
      tellShares(option.sourcing.ownShare, option.sourcing.reserveShare),
      writeAboutUsd(option.summary.presentUsd),
      spread === undefined ? "" : writeSpread(spread.present, writeAboutUsd),
      spread === undefined ? "" : writeSpread(spread.gpuHour, writeAboutUsd),
      writeUsd(option.summary.usdPerGpuHourAvailable),
      spread === undefined ? "" : writeShare(spread.cheapestShare),
    ];
  });
  const head = [
    "way",
    "shares",
    "#present cost, likeliest",
    "#present cost, P50 (P10 to P90)",
    "#per used GPU-hour",
    "#per available hour",
    "#cheapest in",
  ];
  return {
    heading: "Buy, rent or reserve",
    blocks: [
      { kind: "text", text: describeBreakEven(plan) },
      { kind: "table", head, rows },
      {
        kind: "plot",
        svg: drawCumulative(plan),
        caption:
          "Running total at today's value, every rate at its likeliest; what is owned is sold at the end. Behind the last month: P10 to P90 of the draws, the dot their median.",
      },
      ...describeUnits(plan),
      describeErrors(plan.errors.cost),
    ],
  };
}

function describeBreakEven(plan: Priced): string {
  const { against, breakEvenMonth, breakEvenMonthWithResale, breakEvenUtilisation } = plan.cost.comparison;
  const hour = "A used GPU-hour is the cost at today's value over the hours of use, discounted alike.";
  if (against === null) return hour;
  const other = against === "rent" ? "renting by the hour" : "reserving";
  const tell = (month: number | null): string =>
    month === null ? "at no time within the horizon" : `from month ${month} on`;
  const meet =
    breakEvenMonth === null && breakEvenMonthWithResale === null
      ? `Buying has not cost less than ${other} at any time within the horizon, also when the used value of the hardware counts.`
      : `Buying has cost less than ${other} ${tell(breakEvenMonth)}; when the used value of the hardware counts, ${tell(breakEvenMonthWithResale)}.`;
  if (against === "reserve") return `${hour} ${meet}`;
  const use =
    breakEvenUtilisation === null
      ? "Renting is the cheaper of the two at any use."
      : `Owning is the cheaper of the two once the mean use is above ${writeShare(breakEvenUtilisation)} of the peak.`;
  return `${hour} ${meet} ${use}`;
}

function drawCumulative(plan: Priced): string {
  const { breakEvenMonth, options } = plan.cost.comparison;
  const endOf = (index: number) => {
    const spread = plan.cost.spreads[index]?.present;
    return spread === undefined ? {} : { end: { low: spread.p10, middle: spread.p50, high: spread.p90 } };
  };
  return drawLines({
    title: "Running total of each way",
    unit: "USD at today's value",
    labels: plan.cost.months.map((month) => monthAfter(plan.startMonth, month.month)),
    series: options.map((option, index) => {
      return { name: option.name, kind: "line", values: option.summary.cumulativePresentUsd, ...endOf(index) };
    }),
    ...(breakEvenMonth === null ? {} : { marks: [{ at: breakEvenMonth - 1, label: "break-even" }] }),
  });
}

function describeUnits(plan: Priced): readonly Block[] {
  const { training, usdPerMillionTokens } = plan.cost;
  const items: string[] = [];
  if (training !== null) {
    items.push(
      `a training run: ${writeSpread(training.usdPerRun, writeAboutUsd)}, ${writeNumber(training.gpuHours)} GPU-hours, ${writeNumber(training.days)} days`,
    );
  }
  if (usdPerMillionTokens !== null)
    items.push(`a million tokens served: ${writeSpread(usdPerMillionTokens, writeAboutUsd)}`);
  return items.length === 0 ? [] : [{ kind: "list", items }];
}

function describeYears(plan: Priced): Section {
  const years = Math.ceil(plan.cost.months.length / 12);
  const inYear = (year: number): readonly MonthlyCost[] => plan.cost.months.slice(year * 12, year * 12 + 12);
  const sum = (months: readonly MonthlyCost[], pick: (month: MonthlyCost) => number): number =>
    months.reduce((total, month) => total + pick(month), 0);
  const yearly = Array.from({ length: years }, (_, year) => inYear(year));
  const used = costLines.filter((line) => plan.cost.months.some((month) => month[line] > 0));
  const rows = used.map((line) => [line, ...yearly.map((months) => writeUsd(sum(months, (month) => month[line])))]);
  const isSold = plan.cost.months.some((month) => month.resale > 0);
  const resale = ["resale", ...yearly.map((months) => writeUsd(-sum(months, (month) => month.resale)))];
  const total = yearly.map((months) => {
    return writeUsd(sum(months, (month) => costLines.reduce((all, line) => all + month[line], 0) - month.resale));
  });
  const { best } = plan.cost;
  return {
    heading: "Cost by year",
    blocks: [
      {
        kind: "text",
        text: `The cheapest way open (${best.name}), every rate at its likeliest, in money of each year: ${writeAboutUsd(best.summary.cashUsd)} in all, ${writeAboutUsd(best.summary.presentUsd)} at today's value, ${writeAboutUsd(best.summary.straightLineUsdPerMonth)} a month spread evenly.`,
      },
      {
        kind: "table",
        head: ["kind", ...yearly.map((_, year) => `#year ${year + 1}`)],
        rows: [...rows, ...(isSold ? [resale] : []), ["total", ...total]],
      },
      describeErrors(plan.errors.cost),
    ],
  };
}

function describeRisk(plan: Priced): Section {
  const { cost } = plan;
  const likeliest = cost.best.summary.usdPerGpuHourUsed;
  const bars = cost.tornado.filter((bar) => bar.swing > likeliest * leastSwing).slice(0, barsShown);
  const rows = bars.map((bar) => [
    bar.words.name,
    `${bar.words.low} to ${bar.words.high}`,
    writeUsd(bar.resultAtLow),
    writeUsd(bar.resultAtHigh),
    bar.rate,
  ]);
  const title = `Dollars per used GPU-hour (${cost.best.name}) when one rate goes to its ends`;
  return {
    heading: "What makes the cost unsure",
    blocks: [
      {
        kind: "text",
        text: `${writeWhole(cost.draws)} draws with seed ${cost.seed}; every rate is drawn from a triangle between its least, likeliest and most, independently. The likeliest cost takes each rate at its likeliest; the middle of the draws differs where a rate can be wrong more to one side.`,
      },
      { kind: "plot", svg: drawTornadoPlot(title, bars, likeliest), caption: title },
      { kind: "table", head: ["rate", "range", "#at its least", "#at its most", "under cost in the plan"], rows },
      describeErrors(plan.errors.cost),
    ],
  };
}
