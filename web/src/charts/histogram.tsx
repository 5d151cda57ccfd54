import type { ReactNode } from "react";
import { formatFigure, formatPercent } from "../words/numbers.ts";

/** Counts by bin; bin `i` reaches from `edges[i]` to `edges[i + 1]`, or has the name `labels[i]`. */
export interface HistogramBins {
  readonly edges: readonly number[];
  readonly labels: readonly string[];
  readonly counts: readonly number[];
}

const width = 220;

function binName(bins: HistogramBins, index: number): string {
  const label = bins.labels[index];
  if (label !== undefined) return label;
  const from = bins.edges[index];
  const to = bins.edges[index + 1];
  return from === undefined || to === undefined
    ? `bin ${index + 1}`
    : `${formatFigure(from, 3)} to ${formatFigure(to, 3)}`;
}

/** A histogram without axes, for a table's cell; the tooltip of a bar says its bin and its share. */
export function SmallHistogram({
  bins,
  height = 34,
}: {
  readonly bins: HistogramBins;
  readonly height?: number;
}): ReactNode {
  const total = bins.counts.reduce((sum, count) => sum + count, 0);
  const greatest = Math.max(1, ...bins.counts);
  const step = width / Math.max(1, bins.counts.length);
  return (
    <svg
      className="figure-svg"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      style={{ height }}
      role="img"
      aria-label="Histogram"
    >
      {bins.counts.map((count, index) => {
        const tall = count === 0 ? 0 : Math.max(1, (count / greatest) * (height - 2));
        const name = binName(bins, index);
        return (
          <rect
            key={name}
            x={index * step + 0.5}
            width={Math.max(0.5, step - 1)}
            y={height - tall}
            height={tall}
            fill="var(--series-1)"
            opacity="0.85"
          >
            <title>{`${name}: ${formatFigure(count)} (${formatPercent(total === 0 ? 0 : count / total)})`}</title>
          </rect>
        );
      })}
      <line x1="0" x2={width} y1={height - 0.5} y2={height - 0.5} stroke="var(--line-strong)" />
    </svg>
  );
}

const pairWidth = 260;
const pairHeight = 96;

/** Two distributions over the same bins: the reference as bars behind, the live one as a stepped line before it. */
export function HistogramPair({
  reference,
  live,
  edges,
  labels,
}: {
  readonly reference: readonly number[];
  readonly live: readonly number[];
  readonly edges: readonly number[];
  readonly labels: readonly string[];
}): ReactNode {
  const shares = [reference, live].map(toShares);
  const [before = [], now = []] = shares;
  const greatest = Math.max(1e-9, ...before, ...now);
  const step = pairWidth / Math.max(1, before.length);
  const yOf = (share: number): number => pairHeight - 1 - (share / greatest) * (pairHeight - 6);
  const line = now
    .map((share, index) => `${index === 0 ? "M" : "L"}${index * step} ${yOf(share)}H${(index + 1) * step}`)
    .join("");
  return (
    <svg
      className="figure-svg"
      viewBox={`0 0 ${pairWidth} ${pairHeight}`}
      preserveAspectRatio="none"
      style={{ height: pairHeight }}
      role="img"
      aria-label="Reference and live distribution"
    >
      {before.map((share, index) => (
        <rect
          key={binName({ edges, labels, counts: [] }, index)}
          x={index * step + 0.5}
          width={Math.max(0.5, step - 1)}
          y={yOf(share)}
          height={pairHeight - 1 - yOf(share)}
          fill="var(--series-1)"
          opacity="0.38"
        />
      ))}
      <path d={line} fill="none" stroke="var(--series-2)" strokeWidth="2" vectorEffect="non-scaling-stroke" />
      {before.map((share, index) => (
        <rect
          key={`hover ${binName({ edges, labels, counts: [] }, index)}`}
          x={index * step}
          width={step}
          y="0"
          height={pairHeight}
          fill="transparent"
        >
          <title>{`${binName({ edges, labels, counts: [] }, index)}\nreference ${formatPercent(share)}\nlive ${formatPercent(now[index] ?? 0)}`}</title>
        </rect>
      ))}
      <line x1="0" x2={pairWidth} y1={pairHeight - 0.5} y2={pairHeight - 0.5} stroke="var(--line-strong)" />
    </svg>
  );
}

function toShares(counts: readonly number[]): readonly number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return total === 0 ? counts.map(() => 0) : counts.map((count) => count / total);
}
