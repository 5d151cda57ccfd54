import type { ReactNode } from "react";
import type { MetricSeries } from "../../../../src/tracking/model.ts";
import { mergeLines } from "../../charts/merge-series.ts";
import { Plot } from "../../charts/plot.tsx";
import { seriesColour } from "../../charts/series-colour.ts";
import { Panel } from "../../design/panel.tsx";
import { formatCount, formatFigure } from "../../words/numbers.ts";

/** One plot a metric, all with one cursor; every run keeps its colour. */
export function MetricPlots({
  series,
  runs,
}: {
  readonly series: readonly MetricSeries[];
  readonly runs: readonly { readonly runId: string; readonly name: string }[];
}): ReactNode {
  const isCurve = (key: string): boolean => series.some((each) => each.key === key && each.steps.length > 1);
  const names = [...new Set(series.map((each) => each.key))].toSorted();
  const keys = [...names.filter(isCurve), ...names.filter((name) => !isCurve(name))];
  return (
    <div className="grid-2">
      {keys.map((key) => {
        const shown = runs.flatMap((run, index) => {
          const found = series.find((each) => each.key === key && each.runId === run.runId);
          return found === undefined ? [] : [{ run, index, found }];
        });
        const merged = mergeLines(shown.map(({ found }) => ({ at: found.steps, values: found.values })));
        const points = shown.reduce((sum, { found }) => sum + found.pointsTotal, 0);
        const last = shown[0]?.found.values.at(-1);
        const isSingle = shown.every(({ found }) => found.steps.length < 2);
        return (
          <Panel key={key} title={key} note={isSingle ? "one value" : `${formatCount(points)} points`}>
            {isSingle ? (
              <SingleValues values={shown.map(({ run, found }) => [run.name, found.values.at(-1) ?? null] as const)} />
            ) : (
              <Plot
                at={merged.at}
                axis="count"
                label={`${key} by step${last === undefined || last === null ? "" : `, last ${formatFigure(last)}`}`}
                format={(value) => formatFigure(value, 4)}
                cursorGroup="metrics"
                series={shown.map(({ run, index }, place) => ({
                  label: run.name,
                  colour: seriesColour(index),
                  values: merged.values[place] ?? [],
                }))}
              />
            )}
          </Panel>
        );
      })}
    </div>
  );
}

function SingleValues({ values }: { readonly values: readonly (readonly [string, number | null])[] }): ReactNode {
  return (
    <div className="row wrap" style={{ gap: 24 }}>
      {values.map(([name, value]) => (
        <div key={name}>
          <div style={{ fontSize: 19, fontWeight: 620 }}>{value === null ? "–" : formatFigure(value)}</div>
          <div className="muted">{name}</div>
        </div>
      ))}
    </div>
  );
}
