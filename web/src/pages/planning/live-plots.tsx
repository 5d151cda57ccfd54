import type { ReactNode } from "react";
import type { Fields } from "../../api/reading.ts";
import { FrontierChart } from "../../charts/frontier-chart.tsx";
import { MonthChart } from "../../charts/month-chart.tsx";
import { TornadoChart } from "../../charts/tornado-chart.tsx";
import { formatShortCount, formatSpan, formatUsd } from "../../words/numbers.ts";
import { monthNames } from "./month-names.ts";
import { stepPartWords } from "./step-part-words.ts";

/** Bars of the tornado that are shown, and what moves the result by less is not, as a share of it. */
const barsShown = 10;
const leastSwing = 0.001;

/** As high as the tornado beside it. */
const cumulativeHeight = 340;

const formatTick = (value: number): string => formatUsd(value).replace(/\.0+(?=[kMB]$)/, "");
const formatHour = (value: number): string => `$${value.toFixed(2)}`;

/** GPUs that each stage asks for, month by month, the demand's 90th percentile, and the capacity above it. */
export function DemandPlot({ answer }: { readonly answer: Fields }): ReactNode {
  const capacity = answer.fields("capacity");
  const months = capacity.list("months", (month) => ({
    p10: month.numberOr("p10Gpus", 0),
    p90: month.numberOr("p90Gpus", 0),
    capacity: month.numberOr("capacityGpus", 0),
  }));
  const stages = capacity.list("stages", (stage) => ({
    label: stage.textOr("name", ""),
    kind: "area" as const,
    values: stage.list("peak", (peak) => peak.numberOr("mean", 0)),
  }));
  return (
    <MonthChart
      label="GPU demand by stage and month, and capacity"
      unit="GPUs"
      months={monthNames(answer.textOr("startMonth", ""), months.length)}
      format={formatShortCount}
      series={[
        ...stages,
        {
          label: "demand of all, P10 to P90",
          kind: "band",
          values: months.map((month) => month.p90),
          lower: months.map((month) => month.p10),
        },
        { label: "capacity", kind: "step", values: months.map((month) => month.capacity) },
      ]}
    />
  );
}

/** Running totals of each way to get the GPUs, with the month in which buying breaks even. */
export function CumulativePlot({ answer }: { readonly answer: Fields }): ReactNode {
  const comparison = answer.fields("cost").fields("comparison");
  const spreads = new Map(
    answer.fields("cost").list("spreads", (spread) => [spread.textOr("name", ""), spread.fields("present")] as const),
  );
  const endOf = (way: string) => {
    const present = spreads.get(way);
    if (present === undefined) return undefined;
    return { low: present.numberOr("p10", 0), middle: present.numberOr("p50", 0), high: present.numberOr("p90", 0) };
  };
  const series = comparison
    .list("options", (option) => ({
      label: option.textOr("name", ""),
      kind: "line" as const,
      values: option.fields("summary").numbers("cumulativePresentUsd"),
      end: endOf(option.textOr("name", "")),
    }))
    // The answer puts the cheapest first; a way keeps its colour whatever it costs.
    .toSorted((left, right) => left.label.localeCompare(right.label, "en"));
  const breakEven = comparison.numberOr("breakEvenMonth", null);
  return (
    <MonthChart
      label="Cumulative cost of each way"
      unit="US dollars at today's value"
      months={monthNames(answer.textOr("startMonth", ""), series[0]?.values.length ?? 0)}
      format={formatTick}
      height={cumulativeHeight}
      series={series}
      mark={breakEven === null ? null : { at: breakEven - 1, label: "buying breaks even" }}
    />
  );
}

/** What makes the price of a used GPU-hour unsure. */
export function TornadoPlot({ answer }: { readonly answer: Fields }): ReactNode {
  const cost = answer.fields("cost");
  const likeliest = cost.fields("best").fields("summary").numberOr("usdPerGpuHourUsed", 0);
  const rows = cost
    .list("tornado", (bar) => ({
      label: bar.fields("words").textOr("name", ""),
      low: bar.fields("words").textOr("low", ""),
      high: bar.fields("words").textOr("high", ""),
      resultAtLow: bar.numberOr("resultAtLow", 0),
      resultAtHigh: bar.numberOr("resultAtHigh", 0),
      swing: bar.numberOr("swing", 0),
    }))
    .filter((row) => row.swing > likeliest * leastSwing)
    .slice(0, barsShown);
  return (
    <TornadoChart
      label="Dollars per used GPU-hour when one rate goes to its ends"
      rows={rows}
      likeliest={likeliest}
      format={formatHour}
    />
  );
}

/** What one user's speed costs in yield of one GPU, a line for each replica. */
export function FrontierPlot({ answer }: { readonly answer: Fields }): ReactNode {
  const goal = answer.fields("goal").numberOr("tpotSeconds", 0);
  const lines = answer.list("options", (option) => ({
    label: option.textOr("words", ""),
    points: option.list("frontier", (point) => {
      const token = point.fields("tpotSeconds").numberOr("likely", 1);
      const perGpu = point.numberOr("outputTokensPerSecondPerGpu", 0);
      const first = point.fields("ttftSeconds").numberOr("likely", 0);
      const inFlight = point.numberOr("concurrency", 0);
      return {
        x: 1 / token,
        xLow: 1 / point.fields("tpotSeconds").numberOr("high", token),
        xHigh: 1 / point.fields("tpotSeconds").numberOr("low", token),
        y: perGpu,
        note: `${inFlight} in flight: a token in ${formatSpan(token * 1000)}, the first in ${formatSpan(first * 1000)}`,
      };
    }),
  }));
  return (
    <FrontierChart
      label="Throughput and latency of each replica"
      lines={lines}
      labelX="tokens/s for one user (1 / TPOT)"
      labelY="tokens/s of one GPU"
      format={formatShortCount}
      {...(goal > 0 ? { mark: { at: 1 / goal, label: "goal" } } : {})}
    />
  );
}

/** How many workloads of a queue start in time, and how much of the GPUs is in use, by the number of servers. */
export function TracePlot({ answer }: { readonly answer: Fields }): ReactNode {
  const trace = answer.fields("trace");
  const fleets = trace.list("fleets", (fleet) => ({
    servers: fleet.numberOr("servers", 0),
    inTime: 100 * fleet.numberOr("inTimeShare", 0),
    inUse: 100 * fleet.numberOr("utilisation", 0),
  }));
  const found = fleets.findIndex(({ servers }) => servers === trace.numberOr("servers", null));
  const target = 100 * trace.fields("target").numberOr("share", 0);
  return (
    <MonthChart
      label="Workloads that start in time, and GPUs in use, by the number of servers"
      unit="% of workloads, and of GPUs"
      labelX="servers"
      months={fleets.map(({ servers }) => String(servers))}
      format={formatShortCount}
      series={[
        { label: "start in time", kind: "line", values: fleets.map(({ inTime }) => inTime) },
        { label: "GPUs in use", kind: "line", values: fleets.map(({ inUse }) => inUse) },
        { label: "target", kind: "dashed", values: fleets.map(() => target) },
      ]}
      mark={found === -1 ? null : { at: found, label: "meets the target" }}
    />
  );
}

/** The parts of a step, as shares of it. */
export function StepParts({ answer }: { readonly answer: Fields }): ReactNode {
  const step = answer.fields("step");
  const seconds = step.numberOr("seconds", 0);
  const parts = Object.entries(step.numbersByName("parts"))
    .filter(([, part]) => part > seconds * 0.005)
    .toSorted((left, right) => right[1] - left[1]);
  const shares = parts.map(([name, part]) => `${stepPartWords(name)} ${((part / seconds) * 100).toFixed(0)}%`);
  return (
    <div className="step-parts" role="img" aria-label={`Parts of a step: ${shares.join(", ")}`}>
      {parts.map(([name, part]) => (
        <span key={name} className="step-part">
          <span className="muted">{stepPartWords(name)}</span>
          <span className="track">
            <span style={{ width: `${((part / seconds) * 100).toFixed(1)}%` }} />
          </span>
          <span className="number">{((part / seconds) * 100).toFixed(0)}%</span>
        </span>
      ))}
    </div>
  );
}
