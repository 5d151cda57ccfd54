import type { ReactNode } from "react";
import { Plot } from "./plot.tsx";
import { seriesColour } from "./series-colour.ts";
import { stackSeries } from "./stack-series.ts";

/** Shares of a whole over time, one upon the other; the first series lies at the bottom. */
export function StackedAreas({
  at,
  series,
  format,
  label,
  cursorGroup,
  height,
  range,
}: {
  readonly at: readonly number[];
  readonly series: readonly {
    readonly label: string;
    readonly values: readonly (number | null)[];
    readonly colour?: string;
  }[];
  readonly format: (value: number) => string;
  readonly label: string;
  readonly cursorGroup?: string;
  readonly height?: number;
  readonly range?: readonly [number, number];
}): ReactNode {
  const sums = stackSeries(series.map((each) => each.values));
  const areas = series
    .map((each, index) => ({
      label: each.label,
      colour: each.colour ?? seriesColour(index),
      values: sums[index] ?? [],
      shown: each.values,
      isFilled: true,
    }))
    .toReversed();
  return (
    <Plot
      at={at}
      series={areas}
      axis="time"
      isFromZero
      {...(range === undefined ? {} : { range })}
      format={format}
      label={label}
      {...(cursorGroup === undefined ? {} : { cursorGroup })}
      {...(height === undefined ? {} : { height })}
    />
  );
}
