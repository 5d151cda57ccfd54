import type { CostPlan } from "../fleet/fleet-plan.ts";
import { writeShare, writeSpread, writeAboutUsd, writeWhole } from "./write-figure.ts";

/**
 * What the cheapest way costs, how the median of the draws and the likeliest cost are to each other, when buying breaks even,
 * and which rate moves it most.
 */
export function tellMoney(cost: CostPlan): readonly string[] {
  const [spread] = cost.spreads;
  if (spread === undefined) return [];
  const { best, draws } = cost;
  const { present, gpuHour, cheapestShare } = spread;
  const shares = tellShares(best.sourcing.ownShare, best.sourcing.reserveShare);
  return [
    `Cheapest way open: ${best.name} (${shares}), ${writeSpread(present, writeAboutUsd)} at today's value, ${writeSpread(gpuHour, writeAboutUsd)} per used GPU-hour: median and P10 to P90 of ${writeWhole(draws)} draws, in ${writeShare(cheapestShare)} of which it is the cheapest.`,
    `With every rate at its likeliest it is ${writeAboutUsd(best.summary.presentUsd)}, ${writeAboutUsd(best.summary.usdPerGpuHourUsed)} per used GPU-hour: plots, tables by year and what-ifs start from there.`,
    ...tellBreakEven(cost),
    ...tellMover(cost),
  ];
}

/** `60 % reserved, 40 % by the hour`. */
export function tellShares(own: number, reserved: number): string {
  const rented = Math.max(0, 1 - own - reserved);
  const parts = [
    [own, "owned"],
    [reserved, "reserved"],
    [rented, "by the hour"],
  ] as const;
  return parts.flatMap(([share, word]) => (share > 0.001 ? [`${writeShare(share)} ${word}`] : [])).join(", ");
}

function tellBreakEven({ comparison }: CostPlan): readonly string[] {
  const { against, breakEvenMonth, breakEvenUtilisation } = comparison;
  if (against === null) return [];
  const other = against === "rent" ? "renting by the hour" : "reserving";
  const month =
    breakEvenMonth === null
      ? `Buying does not break even with ${other} within the horizon`
      : `Buying breaks even with ${other} in month ${breakEvenMonth}`;
  const use =
    against === "rent" && breakEvenUtilisation !== null
      ? `; owning is the cheaper of the two above ${writeShare(breakEvenUtilisation)} mean use`
      : "";
  return [`${month}${use}.`];
}

function tellMover({ tornado }: CostPlan): readonly string[] {
  const [widest] = tornado;
  if (widest === undefined) return [];
  const { name, low, high } = widest.words;
  return [
    `What moves it most: ${name}, from ${low} to ${high}, makes ${writeAboutUsd(widest.resultAtLow)} to ${writeAboutUsd(widest.resultAtHigh)} per used GPU-hour.`,
  ];
}
