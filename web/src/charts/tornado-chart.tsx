import { type ReactNode, useRef } from "react";
import { useWidth } from "../design/use-width.ts";
import { Legend } from "./legend.tsx";
import { extentOf, linearScale, roundTicks, type Scale } from "./scales.ts";
import { paled, seriesFill } from "./series-colour.ts";
import { layTornado, type TornadoLayout, type TornadoRow } from "./tornado-layout.ts";

const usualWidth = 640;
const barHeight = 15;
/** Opacity of a bar. */
const barShare = 0.75;
/** Pixels that the words of a tick take. */
const tickWidth = 70;

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
  const host = useRef<HTMLElement>(null);
  const width = useWidth(host, usualWidth);
  const layout = layTornado(rows, width);
  const domain = extentOf([likeliest, ...rows.flatMap((row) => [row.resultAtLow, row.resultAtHigh])]) ?? [0, 1];
  const scale = linearScale(domain, [layout.plotLeft, layout.plotRight]);
  const floor = rows.length * layout.rowHeight;
  const ticks = Math.max(1, Math.floor((layout.plotRight - layout.plotLeft) / tickWidth));
  return (
    <figure className="stack tight" ref={host}>
      <svg className="figure-svg" viewBox={`0 0 ${width} ${floor + 22}`} role="img" aria-label={label}>
        {roundTicks(domain[0], domain[1], ticks).map((tick) => (
          <g key={tick}>
            <line className="grid" x1={scale(tick)} x2={scale(tick)} y1="0" y2={floor} />
            <text x={scale(tick)} y={floor + 15} textAnchor="middle">
              {format(tick)}
            </text>
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
        {rows.map((row, index) => (
          <g key={row.label} transform={`translate(0 ${index * layout.rowHeight})`}>
            <Row row={row} layout={layout} scale={scale} likeliest={likeliest} />
            <title>{`${row.label}: ${format(row.resultAtLow)} at ${row.low}, ${format(row.resultAtHigh)} at ${row.high}`}</title>
          </g>
        ))}
      </svg>
      <Legend
        labels={[
          { label: "at its least", colour: paled(seriesFill(0), barShare) },
          { label: "at its most", colour: paled(seriesFill(1), barShare) },
        ]}
      />
    </figure>
  );
}

function Row({
  row,
  layout,
  scale,
  likeliest,
}: {
  readonly row: TornadoRow;
  readonly layout: TornadoLayout;
  readonly scale: Scale;
  readonly likeliest: number;
}): ReactNode {
  const from = scale(likeliest);
  // Both ends may lie on one side, or one of them on the line: their words never do.
  const isLowLeft = row.resultAtLow < row.resultAtHigh;
  const ends = [
    { to: scale(row.resultAtLow), colour: "var(--series-1)", words: row.low, isLeft: isLowLeft },
    { to: scale(row.resultAtHigh), colour: "var(--series-2)", words: row.high, isLeft: !isLowLeft },
  ];
  return (
    <>
      {layout.isNarrow ? (
        <text className="strong halo" x="0" y="13">
          {row.label}
        </text>
      ) : (
        <text className="strong" x={layout.labelRight} y={layout.barTop + 11.5} textAnchor="end">
          {row.label}
        </text>
      )}
      {ends.map((end) => (
        <Bar key={end.colour} from={from} top={layout.barTop} {...end} />
      ))}
    </>
  );
}

function Bar({
  from,
  to,
  top,
  colour,
  words,
  isLeft,
}: {
  readonly from: number;
  readonly to: number;
  readonly top: number;
  readonly colour: string;
  readonly words: string;
  /** On which side of the bar its words stand. */
  readonly isLeft: boolean;
}): ReactNode {
  return (
    <g>
      <rect
        x={Math.min(from, to)}
        width={Math.max(1, Math.abs(to - from))}
        y={top}
        height={barHeight}
        fill={colour}
        opacity={barShare}
      />
      <text
        className="halo"
        x={isLeft ? Math.min(from, to) - 5 : Math.max(from, to) + 5}
        y={top + 11.5}
        textAnchor={isLeft ? "end" : "start"}
      >
        {words}
      </text>
    </g>
  );
}
