import type { ReactNode } from "react";
import { formatCount, formatFigure } from "../words/numbers.ts";
import { Axes, type Frame, frameScales, pathThrough } from "./frame.tsx";
import { extentOf } from "./scales.ts";

/** One bin of predictions: their mean, the observed rate, how many they were. */
export interface ReliabilityBin {
  readonly predicted: number;
  readonly observed: number;
  readonly count: number;
}

const frame: Frame = { width: 380, height: 290, left: 38, right: 10, top: 20, bottom: 34 };
const smallestRadius = 2.5;
const radiusSpan = 7;

/** Observed rate by predicted probability; a calibrated model lies on the diagonal. Points grow with their counts. */
export function ReliabilityDiagram({ bins }: { readonly bins: readonly ReliabilityBin[] }): ReactNode {
  const greatest = extentOf(bins.flatMap((bin) => [bin.predicted, bin.observed]))?.[1] ?? 1;
  const domain = [0, Math.min(1, Math.ceil(greatest * 10) / 10)] as const;
  const scale = frameScales(frame, domain, domain);
  const most = Math.max(1, ...bins.map((bin) => bin.count));
  return (
    <figure className="stack tight">
      <svg
        className="figure-svg"
        viewBox={`0 0 ${frame.width} ${frame.height}`}
        style={{ maxWidth: frame.width * 1.2 }}
        role="img"
        aria-label="Reliability diagram"
      >
        <Axes
          frame={frame}
          x={domain}
          y={domain}
          formatX={(value) => formatFigure(value, 2)}
          formatY={(value) => formatFigure(value, 2)}
          labelX="predicted probability"
          labelY="observed rate"
        />
        <line
          x1={scale.x(0)}
          y1={scale.y(0)}
          x2={scale.x(domain[1])}
          y2={scale.y(domain[1])}
          stroke="var(--text-faint)"
          strokeDasharray="4 4"
        />
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
      </svg>
      <figcaption className="legend">
        The larger a point, the more rows; on the dashed line predictions say the truth.
      </figcaption>
    </figure>
  );
}
