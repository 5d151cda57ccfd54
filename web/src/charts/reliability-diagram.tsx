import type { ReactNode } from "react";
import { formatCount, formatFigure } from "../words/numbers.ts";
import { pathThrough } from "./frame.tsx";
import { extentOf } from "./scales.ts";
import { SquareFigure } from "./square-figure.tsx";

/** One bin of predictions: their mean, the observed rate, how many they were. */
export interface ReliabilityBin {
  readonly predicted: number;
  readonly observed: number;
  readonly count: number;
}

const smallestRadius = 2.5;
const radiusSpan = 7;

/** Observed rate by predicted probability; a calibrated model lies on the diagonal. Points grow with their counts. */
export function ReliabilityDiagram({ bins }: { readonly bins: readonly ReliabilityBin[] }): ReactNode {
  const greatest = extentOf(bins.flatMap((bin) => [bin.predicted, bin.observed]))?.[1] ?? 1;
  const domain = [0, Math.min(1, Math.ceil(greatest * 10) / 10)] as const;
  const most = Math.max(1, ...bins.map((bin) => bin.count));
  return (
    <figure className="stack tight">
      <SquareFigure
        domain={domain}
        label="Reliability diagram"
        format={(value) => formatFigure(value, 2)}
        labelX="predicted probability"
        labelY="observed rate"
      >
        {(scale) => (
          <>
            <path
              d={pathThrough(bins.map((bin) => [scale.x(bin.predicted), scale.y(bin.observed)]))}
              fill="none"
              stroke="var(--series-1)"
              strokeWidth="1.5"
            />
            {bins.map((bin) => (
              <circle
                key={bin.predicted}
                cx={scale.x(bin.predicted)}
                cy={scale.y(bin.observed)}
                r={smallestRadius + radiusSpan * Math.sqrt(bin.count / most)}
                fill="var(--series-1)"
                fillOpacity="0.35"
                stroke="var(--series-1)"
              >
                <title>{`predicted ${formatFigure(bin.predicted, 3)}\nobserved ${formatFigure(bin.observed, 3)}\n${formatCount(bin.count)} rows`}</title>
              </circle>
            ))}
          </>
        )}
      </SquareFigure>
      <figcaption className="legend">
        The larger a point, the more rows; on the dashed line predictions say the truth.
      </figcaption>
    </figure>
  );
}
