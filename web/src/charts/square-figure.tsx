import type { ReactNode } from "react";
import { Axes, type Frame, frameScales } from "./frame.tsx";
import type { Scale } from "./scales.ts";

const frame: Frame = { width: 380, height: 290, left: 38, right: 10, top: 20, bottom: 34 };
const mostEnlarged = 1.2;

interface SquareFigureProps {
  /** Of both axes. */
  readonly domain: readonly [number, number];
  /** What it is, for those who do not see it. */
  readonly label: string;
  readonly format: (value: number) => string;
  readonly labelX: string;
  readonly labelY: string;
  readonly children: (scale: { readonly x: Scale; readonly y: Scale }) => ReactNode;
}

/** A chart with one domain for both axes, and the diagonal on which they agree. */
export function SquareFigure({ domain, label, format, labelX, labelY, children }: SquareFigureProps): ReactNode {
  const scale = frameScales(frame, domain, domain);
  const [least, most] = domain;
  return (
    <svg
      className="figure-svg"
      viewBox={`0 0 ${frame.width} ${frame.height}`}
      style={{ maxWidth: frame.width * mostEnlarged }}
      role="img"
      aria-label={label}
    >
      <Axes frame={frame} x={domain} y={domain} formatX={format} formatY={format} labelX={labelX} labelY={labelY} />
      <line
        x1={scale.x(least)}
        y1={scale.y(least)}
        x2={scale.x(most)}
        y2={scale.y(most)}
        stroke="var(--text-faint)"
        strokeDasharray="4 4"
      />
      {children(scale)}
    </svg>
  );
}
