import type { ReactNode } from "react";
import { Axes, type Frame, frameScales, pathThrough } from "./frame.tsx";
import { seriesFill } from "./series-colour.ts";

/** True positive rate by false positive rate, of one scorer. */
export interface RocLine {
  readonly label: string;
  readonly points: readonly (readonly [falsePositiveRate: number, truePositiveRate: number])[];
}

const frame: Frame = { width: 380, height: 290, left: 38, right: 10, top: 20, bottom: 34 };
const unit = [0, 1] as const;

/** Receiver operating characteristics, with the diagonal of guessing. */
export function RocCurve({ lines }: { readonly lines: readonly RocLine[] }): ReactNode {
  const scale = frameScales(frame, unit, unit);
  return (
    <figure className="stack tight">
      <svg
        className="figure-svg"
        viewBox={`0 0 ${frame.width} ${frame.height}`}
        style={{ maxWidth: frame.width * 1.2 }}
        role="img"
        aria-label="ROC curve"
      >
        <Axes
          frame={frame}
          x={unit}
          y={unit}
          formatX={String}
          formatY={String}
          labelX="false positive rate"
          labelY="true positive rate"
        />
        <line
          x1={scale.x(0)}
          y1={scale.y(0)}
          x2={scale.x(1)}
          y2={scale.y(1)}
          stroke="var(--text-faint)"
          strokeDasharray="4 4"
        />
        {lines.map((line, index) => (
          <path
            key={line.label}
            d={pathThrough(line.points.map(([x, y]) => [scale.x(x), scale.y(y)]))}
            fill="none"
            stroke={seriesFill(index)}
            strokeWidth="2"
          />
        ))}
      </svg>
      <Legend labels={lines.map((line) => line.label)} />
    </figure>
  );
}

/** The names of series in the order of their colours. */
export function Legend({ labels }: { readonly labels: readonly string[] }): ReactNode {
  return (
    <figcaption className="legend">
      {labels.map((label, index) => (
        <span key={label}>
          <span className="swatch" style={{ background: seriesFill(index) }} />
          {label}
        </span>
      ))}
    </figcaption>
  );
}
