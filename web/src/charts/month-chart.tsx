import { type ReactNode, useRef } from "react";
import { useWidth } from "../design/use-width.ts";
import { Axes, type Frame, frameScales, pathThrough } from "./frame.tsx";
import { Legend, type LegendEntry } from "./legend.tsx";
import type { Scale } from "./scales.ts";
import { paled, seriesFill } from "./series-colour.ts";
import { stackSeries } from "./stack-series.ts";

/**
 * One series over the months. `area`s lie upon each other; a `step` holds its value for the whole month; a `band` lies between
 * `lower` and its values.
 */
export interface MonthSeries {
  readonly label: string;
  readonly kind: "area" | "line" | "step" | "dashed" | "band";
  readonly values: readonly number[];
  readonly lower?: readonly number[];
  /** How wrong the last value may be: an upright line behind the last month, with the middle as a dot. */
  readonly end?: { readonly low: number; readonly middle: number; readonly high: number } | undefined;
}

interface MonthChartProps {
  readonly series: readonly MonthSeries[];
  /** Names of the months, as long as every series. */
  readonly months: readonly string[];
  readonly format: (value: number) => string;
  readonly label: string;
  readonly unit: string;
  /** What is counted along the floor; left out where it is months. */
  readonly labelX?: string;
  /** An upright line with a word. */
  readonly mark?: { readonly at: number; readonly label: string } | null;
  /** Pixels. */
  readonly height?: number;
}

const margins = { left: 56, right: 14, top: 22, bottom: 34 } as const;
const usualWidth = 640;
const usualHeight = 250;
/** Pixels that the name of a month takes. */
const monthWidth = 90;
const headroom = 1.06;
/** Areas are paler than lines, and so is their legend. */
const areaShare = 0.6;
const bandShare = 0.12;
/** Room for the interval at the end of one series. */
const endRoom = 11;

/** Plans over months: stacked demand with a capacity above it, or running totals side by side. */
export function MonthChart({
  series,
  months,
  format,
  label,
  unit,
  labelX = "",
  mark,
  height = usualHeight,
}: MonthChartProps): ReactNode {
  const host = useRef<HTMLElement>(null);
  const ends = series.flatMap(({ end, label: name }, index) => (end === undefined ? [] : [{ ...end, name, index }]));
  const right = margins.right + ends.length * endRoom;
  const frame: Frame = { ...margins, right, height, width: useWidth(host, usualWidth) };
  const areas = series.filter((each) => each.kind === "area");
  const sums = stackSeries(areas.map((each) => each.values));
  const drawn = series.map((each) => (each.kind === "area" ? (sums[areas.indexOf(each)] ?? []) : each.values));
  const most = Math.max(1e-9, ...drawn.flat(), ...ends.map(({ high }) => high)) * headroom;
  const x = [0, Math.max(1, months.length - 1)] as const;
  const y = [0, most] as const;
  const scale = frameScales(frame, x, y);
  return (
    <figure className="stack tight" ref={host}>
      <svg className="figure-svg" viewBox={`0 0 ${frame.width} ${frame.height}`} role="img" aria-label={label}>
        <Axes
          frame={frame}
          x={x}
          y={y}
          formatX={(month) => months[month] ?? ""}
          formatY={format}
          labelX={labelX}
          labelY={unit}
          ticks={Math.max(2, Math.floor(frame.width / monthWidth))}
        />
        {series.map((each, index) => {
          if (each.kind === "band") return <Band key={each.label} series={each} scale={scale} />;
          return each.kind === "area" ? (
            <path
              key={each.label}
              d={areaPath(sums[areas.indexOf(each)] ?? [], sums[areas.indexOf(each) - 1], scale)}
              fill={seriesFill(index)}
              opacity={areaShare}
            />
          ) : (
            <path
              key={each.label}
              d={linePath(each, scale)}
              fill="none"
              stroke={colourOf(each, index)}
              strokeWidth="2"
              {...(each.kind === "dashed" ? { strokeDasharray: "5 4" } : {})}
            />
          );
        })}
        {ends.map(({ low, middle, high, name, index }, place) => {
          const at = frame.width - right + (place + 1) * endRoom;
          return (
            <g key={name} stroke={seriesFill(index)} fill={seriesFill(index)} strokeWidth="2">
              <path d={`M${at} ${scale.y(low)}V${scale.y(high)}`} />
              <circle cx={at} cy={scale.y(middle)} r="3" />
              <title>{`${name}: ${format(low)} to ${format(high)}, median ${format(middle)}`}</title>
            </g>
          );
        })}
        {mark !== undefined && mark !== null && (
          <g>
            <path
              d={`M${scale.x(mark.at)} ${frame.top}V${frame.height - frame.bottom}`}
              stroke="var(--text-muted)"
              strokeDasharray="3 3"
            />
            <text className="strong halo" {...markPlace(scale.x(mark.at), frame)}>
              {mark.label}
            </text>
          </g>
        )}
        {months.map((month, at) => (
          <rect
            key={month}
            x={scale.x(at - 0.5)}
            width={Math.max(0, scale.x(at + 0.5) - scale.x(at - 0.5))}
            y={frame.top}
            height={frame.height - frame.bottom - frame.top}
            fill="transparent"
          >
            <title>{[month, ...series.map((each) => `${each.label}: ${valueAt(each, at, format)}`)].join("\n")}</title>
          </rect>
        ))}
      </svg>
      <Legend labels={series.map(legendOf)} />
    </figure>
  );
}

/** The value of a month, or both ends of it. */
function valueAt({ values, lower }: MonthSeries, at: number, format: (value: number) => string): string {
  const high = format(values[at] ?? 0);
  return lower === undefined ? high : `${format(lower[at] ?? 0)} to ${high}`;
}

/** Where a value lies: pale between its ends, which are dashed. */
function Band({ series, scale }: { readonly series: MonthSeries; readonly scale: Scales }): ReactNode {
  const edge = (values: readonly number[]): string => linePath({ label: "", kind: "line", values }, scale);
  return (
    <g>
      <path d={areaPath(series.values, series.lower, scale)} fill="var(--text-muted)" opacity={bandShare} />
      <path
        d={`${edge(series.values)}${edge(series.lower ?? [])}`}
        fill="none"
        stroke="var(--text-muted)"
        strokeWidth="1.5"
        strokeDasharray="5 4"
      />
    </g>
  );
}

/** The word of a mark stands beside it, on the side that has more room. */
function markPlace(x: number, frame: Frame) {
  const isRight = x > frame.width / 2;
  return { x: isRight ? x - 6 : x + 6, y: frame.top + 10, textAnchor: isRight ? ("end" as const) : ("start" as const) };
}

/** Limits and expectations are no series of their own: they are drawn in the colours of words. */
function colourOf({ kind }: MonthSeries, index: number): string {
  if (kind === "step") return "var(--text)";
  return kind === "dashed" || kind === "band" ? "var(--text-muted)" : seriesFill(index);
}

function legendOf(series: MonthSeries, index: number): LegendEntry {
  const { kind, label } = series;
  const mark = kind === "area" ? "fill" : kind === "dashed" || kind === "band" ? "dashed" : "line";
  const colour = colourOf(series, index);
  return { label, mark, colour: kind === "area" ? paled(colour, areaShare) : colour };
}

interface Scales {
  readonly x: Scale;
  readonly y: Scale;
}

function areaPath(upper: readonly number[], lower: readonly number[] | undefined, scale: Scales): string {
  const top = upper.map((value, at) => [scale.x(at), scale.y(value)] as const);
  const floor = upper.map((_, at) => [scale.x(at), scale.y(lower?.[at] ?? 0)] as const).toReversed();
  return `${pathThrough([...top, ...floor])}Z`;
}

function linePath({ kind, values }: MonthSeries, scale: Scales): string {
  const points = values.flatMap((value, at): readonly (readonly [number, number])[] => {
    const here = [scale.x(at), scale.y(value)] as const;
    const before = values[at - 1];
    return kind === "step" && before !== undefined ? [[scale.x(at), scale.y(before)], here] : [here];
  });
  return pathThrough(points);
}
