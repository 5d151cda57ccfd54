import type { ReactNode } from "react";
import { pathThrough } from "./frame.tsx";
import { Legend } from "./legend.tsx";
import { seriesFill } from "./series-colour.ts";
import { SquareFigure } from "./square-figure.tsx";

/** True positive rate by false positive rate, of one scorer. */
export interface RocLine {
  readonly label: string;
  readonly points: readonly (readonly [falsePositiveRate: number, truePositiveRate: number])[];
}

const unit = [0, 1] as const;

/** Receiver operating characteristics, with the diagonal of guessing. */
export function RocCurve({ lines }: { readonly lines: readonly RocLine[] }): ReactNode {
  return (
    <figure className="stack tight">
      <SquareFigure
        domain={unit}
        label="ROC curve"
        format={String}
        labelX="false positive rate"
        labelY="true positive rate"
      >
        {(scale) =>
          lines.map((line, index) => (
            <path
              key={line.label}
              d={pathThrough(line.points.map(([x, y]) => [scale.x(x), scale.y(y)]))}
              fill="none"
              stroke={seriesFill(index)}
              strokeWidth="2"
            />
          ))
        }
      </SquareFigure>
      <Legend labels={lines.map((line) => line.label)} />
    </figure>
  );
}
