import { memo, type ReactNode } from "react";
import type { NodeSpan } from "../../../../src/scheduling/live/model.ts";
import type { GanttBar } from "../../charts/gantt-layout.ts";
import type { TimeTick } from "../../charts/time-ticks.ts";
import { type NodeItem, rowGap } from "./schedule-plan.ts";

/** From which pixel to which a time is drawn. */
export interface ScheduleFrame {
  readonly left: number;
  readonly right: number;
  readonly from: number;
  readonly to: number;
  readonly now: number;
  /** Round times, marked behind the bars. */
  readonly ticks: readonly TimeTick[];
}

/** The pixel of a moment, within the frame. */
export function pixelOf({ left, right, from, to }: ScheduleFrame, at: number): number {
  return Math.max(left, Math.min(right, left + ((at - from) / (to - from)) * (right - left)));
}

const barWidthMin = 2;
const labelHeightMin = 11;
const labelPadding = 5;
const characterWidth = 6;

/** The part of a name that fits beside so many pixels; nothing where only crumbs would. */
function fittingLabel(name: string, width: number): string {
  const characters = Math.floor((width - 2 * labelPadding) / characterWidth);
  if (characters >= name.length) return name;
  return characters < 4 ? "" : `${name.slice(0, characters - 1)}…`;
}

function barStyle(span: NodeSpan, colour: string): { readonly fill: string; readonly stroke: string } {
  if (span.kind === "reserved") return { fill: "url(#reserved-hatch)", stroke: "var(--special)" };
  const share = span.kind === "running" ? 40 : 7;
  return { fill: `color-mix(in srgb, ${colour} ${share}%, var(--panel))`, stroke: colour };
}

interface BarProps {
  readonly bar: GanttBar<NodeSpan>;
  readonly place: string;
  readonly frame: ScheduleFrame;
  readonly colour: string;
  readonly isChosen: boolean;
}

function Bar({ bar, place, frame, colour, isChosen }: BarProps): ReactNode {
  const { span, top, height } = bar;
  // What runs longer than reckoned goes on until now at least.
  const end = span.end === null ? frame.to : span.kind === "running" ? Math.max(span.end, frame.now) : span.end;
  const x = pixelOf(frame, span.start);
  const width = Math.max(barWidthMin, pixelOf(frame, end) - x);
  if (end < frame.from || span.start > frame.to) return null;
  const label = height < labelHeightMin ? "" : fittingLabel(span.isHeld ? `◆ ${span.name}` : span.name, width);
  const inset = height > 5 ? 0.75 : 0.25;
  return (
    <g data-bar={place} className={`gantt-bar ${span.kind} ${span.isHeld ? "held" : ""} ${isChosen ? "chosen" : ""}`}>
      <rect
        x={x + 0.5}
        y={top + inset}
        width={Math.max(1, width - 1)}
        height={Math.max(1, height - 2 * inset)}
        rx={Math.min(3, height / 4)}
        {...barStyle(span, colour)}
      />
      {label !== "" && (
        // A reservation lies behind the work, which leaves its lower edge free the longest.
        <text x={x + labelPadding} y={span.kind === "reserved" ? top + height - 5 : top + height / 2 + 3.6}>
          {label}
        </text>
      )}
    </g>
  );
}

interface RowProps {
  readonly item: NodeItem;
  readonly index: number;
  readonly top: number;
  readonly frame: ScheduleFrame;
  readonly isSimulated: boolean;
  readonly colourOf: (project: string | null) => string;
  /** The workload whose bars stand out, if it has any here. */
  readonly chosen: string | null;
  /** The span that the keyboard is at, if it is here. */
  readonly cursor: NodeSpan | null;
}

/** A node: its name, a lane for each GPU, and the bars of its spans. */
export const ScheduleRow = memo(function ScheduleRow(props: RowProps): ReactNode {
  const { item, index, top, frame, isSimulated, colourOf, chosen, cursor } = props;
  const { node, row } = item;
  const gpus =
    node.gpus === 0 ? "no GPU" : `${node.gpus} × ${node.gpuModel ?? "GPU"}${isSimulated ? ", simulated" : ""}`;
  return (
    <g transform={`translate(0 ${top})`}>
      <text className="strong" x="14" y="12">
        {fittingLabel(node.node, frame.left - 24)}
      </text>
      <text x="14" y="26">
        {fittingLabel(gpus, frame.left - 24)}
      </text>
      <rect className="gantt-lanes" x={frame.left} width={frame.right - frame.left} y="0" height={row.height} />
      {row.laneTops.slice(1).map((laneTop) => (
        <line key={laneTop} className="grid" x1={frame.left} x2={frame.right} y1={laneTop} y2={laneTop} />
      ))}
      {frame.ticks.map((tick) => (
        <TimeLine key={tick.at} x={pixelOf(frame, tick.at)} height={row.height} className="grid tick" />
      ))}
      {row.bars.map((bar, place) => (
        <Bar
          // A node may show the same workload twice: on GPUs apart, or now and again later.
          key={`${bar.span.kind} ${bar.span.id} ${bar.span.start} ${bar.top} ${place}`}
          bar={bar}
          place={`${index} ${node.spans.indexOf(bar.span)}`}
          frame={frame}
          colour={colourOf(bar.span.project)}
          isChosen={bar.span === cursor || (chosen !== null && bar.span.id === chosen)}
        />
      ))}
      <TimeLine x={pixelOf(frame, frame.now)} height={row.height} className="now" />
    </g>
  );
});

/** A moment across one row and half of the gaps around it. */
function TimeLine({
  x,
  height,
  className,
}: {
  readonly x: number;
  readonly height: number;
  readonly className: string;
}): ReactNode {
  return <line className={className} x1={x} x2={x} y1={-rowGap / 2} y2={height + rowGap / 2} pointerEvents="none" />;
}
