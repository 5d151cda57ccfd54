import type { ReactNode } from "react";
import { formatCount } from "../words/numbers.ts";
import { Axes, type Frame, frameScales, pathThrough } from "./frame.tsx";
import { extentOf, padDomain } from "./scales.ts";

/** What the test saw at one look: an estimate of the harm and a band that holds at every look at once. */
export interface TestLook {
  readonly at: number;
  /** Share of traffic of the candidate then. */
  readonly percent: number;
  /** Requests of the candidate so far. */
  readonly samples: number;
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

const frame: Frame = { width: 430, height: 220, left: 52, right: 14, top: 10, bottom: 34 };
const margin = 0.1;

/**
 * A sequential test as a picture: the estimate and its band by samples against the harm that is too much. The
 * step passes when the whole band lies below the line; the candidate is rolled back when the whole band lies above zero and the estimate
 * beyond the line.
 */
export function SequentialTestPicture({
  looks,
  threshold,
  format,
  label,
  ticksY,
}: {
  readonly looks: readonly TestLook[];
  readonly threshold: number;
  readonly format: (value: number) => string;
  readonly label: string;
  /** Values on the vertical axis to mark instead of round ones. */
  readonly ticksY?: readonly number[] | undefined;
}): ReactNode {
  const last = looks.at(-1);
  if (last === undefined) return null;
  const samples = extentOf(looks.map((look) => look.samples)) ?? [0, 1];
  const x = samples[0] === samples[1] ? ([0, samples[1] || 1] as const) : samples;
  const settled = looks.slice(Math.floor(looks.length / 3));
  const y = padDomain(extentOf([...settled.flatMap((look) => [look.low, look.high]), threshold, 0]) ?? [0, 1], margin);
  const scale = frameScales(frame, x, y);
  const clamp = (value: number): number => scale.y(Math.min(y[1], Math.max(y[0], value)));
  const upper = looks.map((look) => [scale.x(look.samples), clamp(look.high)] as const);
  const lower = looks.map((look) => [scale.x(look.samples), clamp(look.low)] as const);
  const changes = looks.filter((look, index) => look.percent !== looks[index - 1]?.percent);
  const tone = last.low > 0 && last.estimate > threshold ? "bad" : last.high < threshold ? "good" : "running";
  return (
    <svg className="figure-svg" viewBox={`0 0 ${frame.width} ${frame.height}`} role="img" aria-label={label}>
      <rect
        x={frame.left}
        width={frame.width - frame.left - frame.right}
        y={frame.top}
        height={Math.max(0, scale.y(threshold) - frame.top)}
        fill="var(--bad)"
        opacity="0.07"
      />
      <Axes
        frame={frame}
        x={x}
        y={y}
        formatX={formatCount}
        formatY={format}
        labelX="candidate's requests"
        labelY=""
        ticksY={ticksY}
        ticks={5}
      />
      <path d={`${pathThrough([...upper, ...lower.toReversed()])}Z`} fill={`var(--${tone})`} opacity="0.18" />
      <path d={pathThrough(upper)} fill="none" stroke={`var(--${tone})`} opacity="0.5" />
      <path d={pathThrough(lower)} fill="none" stroke={`var(--${tone})`} opacity="0.5" />
      <path
        d={pathThrough(looks.map((look) => [scale.x(look.samples), clamp(look.estimate)]))}
        fill="none"
        stroke={`var(--${tone})`}
        strokeWidth="2"
      />
      {looks.map((look) => (
        <circle key={look.samples} cx={scale.x(look.samples)} cy={clamp(look.estimate)} r="2.5" fill={`var(--${tone})`}>
          <title>{`${formatCount(look.samples)} requests\nestimate ${format(look.estimate)}\nband ${format(look.low)} to ${format(look.high)}`}</title>
        </circle>
      ))}
      {changes.map((look) => (
        <g key={look.percent}>
          <line
            x1={scale.x(look.samples)}
            x2={scale.x(look.samples)}
            y1={frame.top}
            y2={frame.height - frame.bottom}
            stroke="var(--line-strong)"
            strokeDasharray="2 3"
          />
          <text x={scale.x(look.samples) + 3} y={frame.height - frame.bottom - 4}>
            {look.percent}%
          </text>
        </g>
      ))}
      <line
        x1={frame.left}
        x2={frame.width - frame.right}
        y1={scale.y(0)}
        y2={scale.y(0)}
        stroke="var(--line-strong)"
      />
      <text x={frame.left + 3} y={scale.y(0) - 4}>
        no difference
      </text>
      <line
        x1={frame.left}
        x2={frame.width - frame.right}
        y1={scale.y(threshold)}
        y2={scale.y(threshold)}
        stroke="var(--bad)"
        strokeWidth="1.5"
        strokeDasharray="6 4"
      />
      <text x={frame.width - frame.right} y={scale.y(threshold) - 5} textAnchor="end" style={{ fill: "var(--bad)" }}>
        harm limit {format(threshold)}
      </text>
    </svg>
  );
}
