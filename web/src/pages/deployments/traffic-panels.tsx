import type { ReactNode } from "react";
import type { Traffic, TrafficTotal } from "../../api/serving.ts";
import { Plot } from "../../charts/plot.tsx";
import { seriesColour } from "../../charts/series-colour.ts";
import { StackedAreas } from "../../charts/stacked-areas.tsx";
import { EmptyState } from "../../design/empty-state.tsx";
import { Figures } from "../../design/figures.tsx";
import { Panel } from "../../design/panel.tsx";
import { formatCount, formatFigure, formatPercent, formatSpan } from "../../words/numbers.ts";
import { type TrafficSeries, trafficSeries } from "./traffic-series.ts";

/** Requests, their split by version, and their latencies over time, with one cursor. */
export function TrafficPanels({ traffic }: { readonly traffic: Traffic }): ReactNode {
  if (traffic.points.length === 0) {
    return (
      <Panel title="Traffic">
        <EmptyState title="No request in this span">Send one to the gateway, or choose a longer span above.</EmptyState>
      </Panel>
    );
  }
  const series = trafficSeries(traffic.points);
  return (
    <>
      <TrafficFigures total={traffic.total} />
      <div className="grid-2">
        <Panel title="Traffic split" note="share of requests by version">
          <StackedAreas
            at={series.at}
            series={series.versions.map((label, index) => ({ label, values: series.shares[index] ?? [] }))}
            format={(value) => formatPercent(value, 0)}
            range={[0, 1]}
            label="Traffic split by version over time"
            cursorGroup="traffic"
          />
        </Panel>
        <Panel title="Requests" note="by span of the plot">
          <StackedAreas
            at={series.at}
            series={series.versions.map((label, index) => ({ label, values: series.requests[index] ?? [] }))}
            format={formatCount}
            label="Requests by version over time"
            cursorGroup="traffic"
          />
        </Panel>
        <LatencyPanel title="Latency, median" series={series} values={series.p50Ms} />
        <LatencyPanel title="Latency, 99th percentile" series={series} values={series.p99Ms} />
      </div>
    </>
  );
}

function LatencyPanel({
  title,
  series,
  values,
}: {
  readonly title: string;
  readonly series: TrafficSeries;
  readonly values: TrafficSeries["p50Ms"];
}): ReactNode {
  return (
    <Panel title={title} note="of whole answers, by version">
      <Plot
        at={series.at}
        axis="time"
        isFromZero
        label={title}
        format={formatSpan}
        cursorGroup="traffic"
        series={series.versions.map((label, index) => ({
          label,
          colour: seriesColour(index),
          values: values[index] ?? [],
        }))}
      />
    </Panel>
  );
}

function TrafficFigures({ total }: { readonly total: TrafficTotal }): ReactNode {
  return (
    <Figures
      facts={[
        { label: "Requests", value: formatCount(total.requests) },
        {
          label: "Errors",
          value: formatCount(total.errors),
          note: total.requests === 0 ? "" : formatPercent(total.errors / total.requests, 2),
        },
        { label: "Latency, median", value: total.p50Ms === null ? "–" : formatSpan(total.p50Ms) },
        { label: "Latency, 99th percentile", value: total.p99Ms === null ? "–" : formatSpan(total.p99Ms) },
        ...(total.outcomes === 0
          ? []
          : [
              { label: "Outcomes known", value: formatCount(total.outcomes) },
              {
                label: "Brier score",
                value: total.brier === null ? "–" : formatFigure(total.brier),
                note: "where outcomes are known",
              },
            ]),
      ]}
    />
  );
}
