import { type ReactNode, useRef } from "react";
import { useWidth } from "../design/use-width.ts";
import { extentOf, linearScale, roundTicks } from "./scales.ts";

/** What a result becomes when one rate alone goes to its ends. */
export interface TornadoRow {
  readonly label: string;
  readonly low: string;
  readonly high: string;
  readonly resultAtLow: number;
  readonly resultAtHigh: number;
}

const usualWidth = 640;
const left = 170;
const right = 56;
const rowHeight = 25;

/** One bar a rate, the widest on top, around the likeliest result. */
export function TornadoChart({
  rows,
  likeliest,
  format,
  label,
}: {
  readonly rows: readonly TornadoRow[];
  readonly likeliest: number;
  readonly format: (value: number) => string;
  readonly label: string;
}): ReactNode {
  const host = useRef<HTMLDivElement>(null);
  const width = useWidth(host, usualWidth);
  const domain = extentOf([likeliest, ...rows.flatMap((row) => [row.resultAtLow, row.resultAtHigh])]) ?? [0, 1];
  const scale = linearScale(domain, [left + 40, width - right]);
  const floor = rows.length * rowHeight;
  return (
    <div ref={host}>
      <svg className="figure-svg" viewBox={`0 0 ${width} ${floor + 22}`} role="img" aria-label={label}>
        {roundTicks(domain[0], domain[1], 4).map((tick) => (
          <g key={tick}>
            <line className="grid" x1={scale(tick)} x2={scale(tick)} y1="0" y2={floor} />
            <text x={scale(tick)} y={floor + 15} textAnchor="middle">
              {format(tick)}
            </text>
          </g>
        ))}
        {rows.map((row, index) => (
          <g key={row.label} transform={`translate(0 ${index * rowHeight})`}>
            <text className="strong" x={left} y={rowHeight / 2 + 4} textAnchor="end">
              {row.label}
            </text>
            <TornadoBar from={scale(likeliest)} to={scale(row.resultAtLow)} colour="var(--series-1)" words={row.low} />
            <TornadoBar
              from={scale(likeliest)}
              to={scale(row.resultAtHigh)}
              colour="var(--series-2)"
              words={row.high}
            />
            <title>{`${row.label}: ${format(row.resultAtLow)} at ${row.low}, ${format(row.resultAtHigh)} at ${row.high}`}</title>
          </g>
        ))}
        <line
          x1={scale(likeliest)}
          x2={scale(likeliest)}
          y1="0"
          y2={floor}
          stroke="var(--text-muted)"
          strokeDasharray="3 3"
        />
      </svg>
    </div>
  );
}

function TornadoBar({
  from,
  to,
  colour,
  words,
}: {
  readonly from: number;
  readonly to: number;
  readonly colour: string;
  readonly words: string;
}): ReactNode {
  const isLeft = to < from;
  return (
    <g>
      <rect
        x={Math.min(from, to)}
        width={Math.max(1, Math.abs(to - from))}
        y="5"
        height={rowHeight - 10}
        fill={colour}
        opacity="0.75"
      />
      <text x={isLeft ? to - 4 : to + 4} y={rowHeight / 2 + 4} textAnchor={isLeft ? "end" : "start"}>
        {words}
      </text>
    </g>
  );
}
