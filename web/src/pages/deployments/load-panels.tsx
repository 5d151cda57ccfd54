import type { ReactNode } from "react";
import type { DeploymentLoad, LoadPoint } from "../../api/deployment-load.ts";
import { Plot } from "../../charts/plot.tsx";
import { Panel } from "../../design/panel.tsx";
import { formatCount, formatFigure, formatPercent } from "../../words/numbers.ts";

/** What a deployment carries over time: requests under way, what comes and goes, tokens in flight, and the share that keeps its objective. */
export function LoadPanels({
  load,
  hasObjective,
}: {
  readonly load: DeploymentLoad;
  readonly hasObjective: boolean;
}): ReactNode {
  const { points, stepMs } = load;
  if (points.every((point) => point.arrivals === 0 && point.concurrency === 0)) return null;
  const at = points.map((point) => point.at);
  const values = (read: (point: LoadPoint) => number | null): readonly (number | null)[] => points.map(read);
  const perSecond = 1000 / stepMs;
  const figure = (value: number): string => formatFigure(value, 3);
  return (
    <div className="grid-2">
      <Panel title="In flight" note="mean requests under way or waiting">
        <Plot
          at={at}
          axis="time"
          isFromZero
          label="Requests in flight over time"
          format={figure}
          cursorGroup="traffic"
          series={[{ label: "requests", colour: "--series-1", values: values((point) => point.concurrency) }]}
        />
      </Panel>
      <Panel title="Requests a second" note="that came">
        <Plot
          at={at}
          axis="time"
          isFromZero
          label="Requests a second over time"
          format={figure}
          cursorGroup="traffic"
          series={[{ label: "came", colour: "--series-1", values: values((point) => point.arrivals * perSecond) }]}
        />
      </Panel>
      {points.some((point) => point.tokens > 0) && (
        <Panel title="Tokens in flight" note="prompts not yet read, answers not yet written">
          <Plot
            at={at}
            axis="time"
            isFromZero
            label="Tokens in flight over time"
            format={formatCount}
            cursorGroup="traffic"
            series={[{ label: "tokens", colour: "--series-3", values: values((point) => point.tokens) }]}
          />
        </Panel>
      )}
      {hasObjective && (
        <Panel title="Goodput" note="share of requests that kept the objective">
          <Plot
            at={at}
            axis="time"
            range={[0, 1.02]}
            label="Goodput over time"
            format={(value) => formatPercent(value, 0)}
            cursorGroup="traffic"
            series={[
              {
                label: "good",
                colour: "--series-3",
                values: values((point) => (point.completed === 0 ? null : point.good / point.completed)),
              },
            ]}
          />
        </Panel>
      )}
    </div>
  );
}
