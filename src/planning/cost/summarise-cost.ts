import { type CostLine, costLines, type MonthlyCost } from "./project-cost.ts";

/** A cost projection in a few figures. US dollars. */
export interface CostSummary {
  /** Money out less resale, not discounted. */
  readonly cashUsd: number;
  /** The same at today's value. */
  readonly presentUsd: number;
  /** Accounting view: net cash spread evenly over the months. */
  readonly straightLineUsdPerMonth: number;
  /** Present cost over present useful hours: what an hour of use must earn. */
  readonly usdPerGpuHourUsed: number;
  /** Present cost over all hours that could be used. */
  readonly usdPerGpuHourAvailable: number;
  /** Present value of each kind; resale is negative. */
  readonly lines: Readonly<Record<CostLine | "resale", number>>;
  /** Running totals, shape [months]. */
  readonly cumulativeUsd: readonly number[];
  readonly cumulativePresentUsd: readonly number[];
  /** Running present total if everything owned were sold at the end of that month. */
  readonly cumulativePresentAfterResaleUsd: readonly number[];
}

/** Hardware is paid when a month begins, all else in the middle of it, resale when it ends. */
const hardwareLines: ReadonlySet<CostLine> = new Set<CostLine>(["servers", "network", "storage", "install"]);

/** Sums a projection; discounting is yearly, `1/(1+rate)^years`. */
export function summariseCost(months: readonly MonthlyCost[], discountRate: number): CostSummary {
  const lines: Record<CostLine | "resale", number> = emptyLines();
  const cumulativeUsd: number[] = [];
  const cumulativePresentUsd: number[] = [];
  const cumulativePresentAfterResaleUsd: number[] = [];
  let cash = 0;
  let present = 0;
  let usedHours = 0;
  let availableHours = 0;
  const halfMonth = (1 + discountRate) ** (-0.5 / 12);
  let atEnd = 1;
  for (const [index, month] of months.entries()) {
    const atStart = atEnd;
    const atMiddle = atStart * halfMonth;
    atEnd = atMiddle * halfMonth;
    for (const line of costLines) {
      const value = month[line] * (hardwareLines.has(line) ? atStart : atMiddle);
      lines[line] += value;
      present += value;
      cash += month[line];
    }
    const isLast = index === months.length - 1;
    lines.resale -= month.resale * atEnd;
    present -= month.resale * atEnd;
    cash -= month.resale;
    usedHours += month.usedGpuHours * atMiddle;
    availableHours += month.availableGpuHours * atMiddle;
    cumulativeUsd.push(cash);
    cumulativePresentUsd.push(present);
    cumulativePresentAfterResaleUsd.push(present - (isLast ? 0 : month.valueLeft * atEnd));
  }
  return {
    cashUsd: cash,
    presentUsd: present,
    straightLineUsdPerMonth: months.length === 0 ? 0 : cash / months.length,
    usdPerGpuHourUsed: usedHours === 0 ? 0 : present / usedHours,
    usdPerGpuHourAvailable: availableHours === 0 ? 0 : present / availableHours,
    lines,
    cumulativeUsd,
    cumulativePresentUsd,
    cumulativePresentAfterResaleUsd,
  };
}

/** What is drawn of a projection thousands of times: its present cost, and that of an hour of use. */
export function presentCost(
  months: readonly MonthlyCost[],
  discountRate: number,
): Pick<CostSummary, "presentUsd" | "usdPerGpuHourUsed"> {
  const halfMonth = (1 + discountRate) ** (-0.5 / 12);
  let presentUsd = 0;
  let usedHours = 0;
  let atEnd = 1;
  for (const each of months) {
    const atStart = atEnd;
    const atMiddle = atStart * halfMonth;
    atEnd = atMiddle * halfMonth;
    const hardware = each.servers + each.network + each.storage + each.install;
    const running = each.facility + each.energy + each.people + each.support + each.software + each.rent;
    presentUsd += hardware * atStart + running * atMiddle - each.resale * atEnd;
    usedHours += each.usedGpuHours * atMiddle;
  }
  return { presentUsd, usdPerGpuHourUsed: usedHours === 0 ? 0 : presentUsd / usedHours };
}

function emptyLines(): Record<CostLine | "resale", number> {
  return {
    servers: 0,
    network: 0,
    storage: 0,
    install: 0,
    facility: 0,
    energy: 0,
    people: 0,
    support: 0,
    software: 0,
    rent: 0,
    resale: 0,
  };
}
