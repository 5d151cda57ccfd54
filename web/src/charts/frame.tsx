import type { ReactNode } from "react";
import { linearScale, roundTicks, type Scale } from "./scales.ts";

/** The drawing area of a chart of our own. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** The scales of a frame for given domains. */
export function frameScales(
  frame: Frame,
  x: readonly [number, number],
  y: readonly [number, number],
): { readonly x: Scale; readonly y: Scale } {
  return {
    x: linearScale(x, [frame.left, frame.width - frame.right]),
    y: linearScale(y, [frame.height - frame.bottom, frame.top]),
  };
}

interface AxesProps {
  readonly frame: Frame;
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  readonly formatX: (value: number) => string;
  readonly formatY: (value: number) => string;
  readonly labelX: string;
  readonly labelY: string;
  readonly ticks?: number;
  /** Values on the vertical axis to mark instead of round ones. */
  readonly ticksY?: readonly number[] | undefined;
}

const defaultTicks = 5;

/** Grid, ticks and names of both axes. */
export function Axes({
  frame,
  x,
  y,
  formatX,
  formatY,
  labelX,
  labelY,
  ticks = defaultTicks,
  ticksY,
}: AxesProps): ReactNode {
  const scale = frameScales(frame, x, y);
  const floor = frame.height - frame.bottom;
  const end = frame.width - frame.right;
  return (
    <g>
      {(ticksY?.filter((tick) => tick >= y[0] && tick <= y[1]) ?? roundTicks(y[0], y[1], ticks)).map((tick) => (
        <g key={`y${tick}`}>
          <line className="grid" x1={frame.left} x2={end} y1={scale.y(tick)} y2={scale.y(tick)} />
          <text x={frame.left - 6} y={scale.y(tick) + 3.5} textAnchor="end">
            {formatY(tick)}
          </text>
        </g>
      ))}
      {roundTicks(x[0], x[1], ticks).map((tick) => (
        <text key={`x${tick}`} x={scale.x(tick)} y={floor + 15} textAnchor="middle">
          {formatX(tick)}
        </text>
      ))}
      <path className="axis" d={`M${frame.left} ${frame.top}V${floor}H${end}`} />
      <text x={end} y={frame.height - 2} textAnchor="end">
        {labelX}
      </text>
      {labelY !== "" && (
        <text x={frame.left - 6} y={frame.top - 8} textAnchor="start" dx={-24}>
          {labelY}
        </text>
      )}
    </g>
  );
}

/** An SVG path through points. */
export function pathThrough(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], index) => `${index === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}
