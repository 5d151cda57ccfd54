import type { ReactNode } from "react";
import { formatFigure } from "../words/numbers.ts";
import type { Tone } from "../words/state-tone.ts";
import { extentOf, linearScale, padDomain, roundTicks } from "./scales.ts";

/** An estimate with its confidence interval. */
export interface IntervalRow {
  readonly label: string;
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  readonly tone: Tone;
}

const width = 470;
const labelWidth = 110;
const valueWidth = 160;
const rowHeight = 26;
const margin = 0.12;

/** Intervals below each other on one axis; the mark is a value to compare with, such as no difference. */
export function IntervalRows({
  rows,
  mark,
  label,
}: {
  readonly rows: readonly IntervalRow[];
  readonly mark: number | null;
  readonly label: string;
}): ReactNode {
  const values = rows.flatMap((row) => [row.low, row.high, row.estimate]);
  const domain = padDomain(extentOf(mark === null ? values : [...values, mark]) ?? [0, 1], margin);
  const scale = linearScale(domain, [labelWidth, width - valueWidth]);
  const height = rows.length * rowHeight + 24;
  return (
    <svg
      className="figure-svg"
      viewBox={`0 0 ${width} ${height}`}
      style={{ maxWidth: width * 1.15 }}
      role="img"
      aria-label={label}
    >
      {roundTicks(domain[0], domain[1], 3).map((tick) => (
        <g key={tick}>
          <line className="grid" x1={scale(tick)} x2={scale(tick)} y1="0" y2={height - 20} />
          <text x={scale(tick)} y={height - 6} textAnchor="middle">
            {formatFigure(tick, 3)}
          </text>
        </g>
      ))}
      {mark !== null && (
        <line
          x1={scale(mark)}
          x2={scale(mark)}
          y1="0"
          y2={height - 20}
          stroke="var(--text-muted)"
          strokeDasharray="3 3"
        />
      )}
      {rows.map((row, index) => {
        const y = index * rowHeight + rowHeight / 2;
        const colour = `var(--${row.tone})`;
        return (
          <g key={row.label}>
            <text x="0" y={y + 4} className="strong" style={{ fontSize: 12 }}>
              {row.label}
            </text>
            <line
              x1={scale(row.low)}
              x2={scale(row.high)}
              y1={y}
              y2={y}
              stroke={colour}
              strokeWidth="3"
              strokeLinecap="round"
            />
            <circle cx={scale(row.estimate)} cy={y} r="5" fill={colour} stroke="var(--panel)" strokeWidth="1.5" />
            <text x={width} y={y + 4} textAnchor="end">
              {`${formatFigure(row.estimate, 4)} [${formatFigure(row.low, 3)}, ${formatFigure(row.high, 3)}]`}
            </text>
          </g>
        );
      })}
    </svg>
  );
}
