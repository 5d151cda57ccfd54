import { type ReactNode, useRef } from "react";
import { useWidth } from "../design/use-width.ts";
import { Axes, type Frame, frameScales, pathThrough } from "./frame.tsx";
import { Legend } from "./legend.tsx";
import { extentOf, padDomain } from "./scales.ts";
import { seriesFill } from "./series-colour.ts";

/** A point, with how far it may lie to either side. */
interface FrontierPoint {
  readonly x: number;
  readonly y: number;
  readonly xLow: number;
  readonly xHigh: number;
  readonly note: string;
}

/** A line through points that trade one good thing for another. */
export interface FrontierLine {
  readonly label: string;
  readonly points: readonly FrontierPoint[];
}

const margins = { height: 290, left: 56, right: 16, top: 24, bottom: 36 } as const;
const usualWidth = 640;
const intervalShare = 0.7;

/** What one good costs in another: farther right and farther up is better on both. */
export function FrontierChart({
  lines,
  labelX,
  labelY,
  format,
  label,
  mark,
}: {
  readonly lines: readonly FrontierLine[];
  readonly labelX: string;
  readonly labelY: string;
  readonly format: (value: number) => string;
  readonly label: string;
  /** A least value on the horizontal axis that must be kept. */
  readonly mark?: { readonly at: number; readonly label: string };
}): ReactNode {
  const host = useRef<HTMLElement>(null);
  const frame: Frame = { ...margins, width: useWidth(host, usualWidth) };
  const points = lines.flatMap((line) => line.points);
  const x = [0, (extentOf(points.map((point) => point.xHigh)) ?? [0, 1])[1] * 1.05] as const;
  const y = padDomain([0, (extentOf(points.map((point) => point.y)) ?? [0, 1])[1]], 0.05);
  const scale = frameScales(frame, x, [0, y[1]]);
  return (
    <figure className="stack tight" ref={host}>
      <svg className="figure-svg" viewBox={`0 0 ${frame.width} ${frame.height}`} role="img" aria-label={label}>
        <Axes frame={frame} x={x} y={[0, y[1]]} formatX={format} formatY={format} labelX={labelX} labelY={labelY} />
        {mark !== undefined && mark.at < x[1] && (
          <g>
            <path
              d={`M${scale.x(mark.at)} ${frame.top}V${frame.height - frame.bottom}`}
              stroke="var(--text-muted)"
              strokeDasharray="3 3"
            />
            <text className="strong" x={scale.x(mark.at) + 5} y={frame.top + 10}>
              {mark.label}
            </text>
          </g>
        )}
        {lines.map((line, index) => (
          <g key={line.label}>
            <path
              d={pathThrough(line.points.map((point) => [scale.x(point.x), scale.y(point.y)]))}
              fill="none"
              stroke={seriesFill(index)}
              strokeWidth="2"
            />
            {line.points.map((point) => (
              <path
                key={point.note}
                d={`M${scale.x(point.xLow)} ${scale.y(point.y)}H${scale.x(point.xHigh)}`}
                stroke={seriesFill(index)}
                opacity={intervalShare}
              />
            ))}
            {line.points.map((point) => (
              <circle
                key={point.note}
                cx={scale.x(point.x)}
                cy={scale.y(point.y)}
                r="4"
                fill={seriesFill(index)}
                stroke="var(--panel)"
              >
                <title>{`${line.label}\n${point.note}`}</title>
              </circle>
            ))}
          </g>
        ))}
      </svg>
      <Legend labels={lines.map((line) => line.label)} />
    </figure>
  );
}
