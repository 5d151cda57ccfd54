import { type KeyboardEvent, type MouseEvent, type ReactNode, useCallback, useMemo, useRef, useState } from "react";
import type { NodeSchedule, NodeSpan } from "../../../../src/scheduling/live/model.ts";
import type { Schedule } from "../../api/schedule.ts";
import { rowsWithin } from "../../charts/gantt-layout.ts";
import { timeTicks } from "../../charts/time-ticks.ts";
import { useWidth } from "../../design/use-width.ts";
import { pixelOf, type ScheduleFrame, ScheduleRow } from "./schedule-bar.tsx";
import { moveCursor, planSchedule, type PoolItem, type ScheduleCursor, type SchedulePlan } from "./schedule-plan.ts";
import { ScheduleTip } from "./schedule-tip.tsx";
import { spanSentence } from "./schedule-words.ts";

const gutter = 172;
const axisHeight = 26;
/** How much of the chart lies before now. */
const pastShare = 0.05;
const tickWidth = 96;
const usualWidth = 1000;
const shownHeightMax = 640;
/** Rows are drawn anew each time that so many pixels were scrolled. */
const scrollStep = 64;
const keys: ReadonlySet<string> = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]);

/** A span under the pointer or the keyboard, and where its words are shown: pixels of the window. */
interface Pointed {
  readonly cursor: ScheduleCursor;
  readonly x: number;
  readonly y: number;
}

interface ChartProps {
  readonly schedule: Schedule;
  readonly nodes: readonly NodeSchedule[];
  /** Pools whose GPUs only pretend to be there. */
  readonly simulated: ReadonlySet<string>;
  readonly colourOf: (project: string | null) => string;
  readonly chosen: string | null;
  readonly onOpen: (id: string) => void;
}

/** Nodes and time: what runs, what is planned, what is set aside. Only the rows in view are drawn. */
export function ScheduleChart({ schedule, nodes, simulated, colourOf, chosen, onOpen }: ChartProps): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box, usualWidth);
  const [scrolled, setScrolled] = useState(0);
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const [cursor, setCursor] = useState<ScheduleCursor | null>(null);
  const plan = useMemo(() => planSchedule(nodes), [nodes]);
  const frame = useMemo(() => frameOf(schedule, width), [schedule, width]);
  const open = (at: ScheduleCursor | null): void => {
    const span = spanAt(plan, at)?.span;
    if (span !== undefined && span.kind !== "reserved" && span.id !== "") onOpen(span.id);
  };
  const point = useCallback((event: MouseEvent): void => setPointed(pointedAt(event)), []);
  const press = (event: KeyboardEvent<HTMLElement>): void => {
    if (event.key === "Enter") open(cursor);
    if (event.key === "Escape") setCursor(null);
    if (keys.has(event.key)) setCursor(moveTo(event, plan, cursor));
  };
  const tip = spanAt(plan, pointed?.cursor ?? null);
  const read = spanAt(plan, cursor);
  return (
    <div
      ref={box}
      className="gantt"
      style={{ maxHeight: shownHeightMax }}
      tabIndex={0}
      role="listbox"
      aria-activedescendant={read === null ? undefined : "schedule-span"}
      aria-label={`Schedule of ${nodes.length} nodes; arrow keys go from span to span, Enter opens a workload; the table has the same as text`}
      onScroll={(event) => setScrolled(Math.floor(event.currentTarget.scrollTop / scrollStep) * scrollStep)}
      onKeyDown={press}
      onMouseMove={point}
      onMouseLeave={() => setPointed(null)}
      onClick={(event) => open(pointedAt(event)?.cursor ?? null)}
    >
      <Axis frame={frame} width={width} />
      <Body height={plan.height} width={width}>
        <Rows
          plan={plan}
          frame={frame}
          scrolled={scrolled}
          simulated={simulated}
          colourOf={colourOf}
          chosen={chosen}
          cursor={cursor}
        />
      </Body>
      {read !== null && (
        <div id="schedule-span" className="visually-hidden" role="option" aria-selected="true">
          {spanSentence(read.span, read.node, simulated.has(read.node.pool), schedule.from)}
        </div>
      )}
      {tip !== null && pointed !== null && (
        <ScheduleTip {...tip} {...pointed} isSimulated={simulated.has(tip.node.pool)} now={schedule.from} />
      )}
    </div>
  );
}

/** The rows that are in view. */
function Rows({
  plan,
  frame,
  scrolled,
  simulated,
  colourOf,
  chosen,
  cursor,
}: Pick<ChartProps, "simulated" | "colourOf" | "chosen"> & {
  readonly plan: SchedulePlan;
  readonly frame: ScheduleFrame;
  readonly scrolled: number;
  readonly cursor: ScheduleCursor | null;
}): ReactNode {
  const { first, last } = rowsWithin(plan.tops, scrolled, scrolled + scrollStep + shownHeightMax);
  return plan.items.slice(first, last).map((item, offset) => {
    const index = first + offset;
    const top = plan.tops[index] ?? 0;
    if (item.kind === "pool") {
      const isSimulated = simulated.has(item.pool);
      return <PoolRow key={item.key} item={item} top={top} right={frame.right} isSimulated={isSimulated} />;
    }
    return (
      <ScheduleRow
        key={item.key}
        item={item}
        index={index}
        top={top}
        frame={frame}
        isSimulated={simulated.has(item.node.pool)}
        colourOf={colourOf}
        chosen={item.node.spans.some((span) => span.id === chosen) ? chosen : null}
        cursor={cursor?.item === index ? (item.node.spans[cursor.span] ?? null) : null}
      />
    );
  });
}

function frameOf({ from, to }: Schedule, width: number): ScheduleFrame {
  const start = from - (to - from) * pastShare;
  const right = Math.max(gutter + 1, width - 14);
  const zoneMs = -new Date(from).getTimezoneOffset() * 60_000;
  const ticks = timeTicks(start, to, Math.max(2, Math.floor((right - gutter) / tickWidth)), zoneMs);
  return { left: gutter, right, from: start, to, now: from, ticks };
}

function spanAt(
  plan: SchedulePlan,
  cursor: ScheduleCursor | null,
): { readonly node: NodeSchedule; readonly span: NodeSpan } | null {
  const item = plan.items[cursor?.item ?? -1];
  const span = item?.kind === "node" ? item.node.spans[cursor?.span ?? -1] : undefined;
  return item?.kind !== "node" || span === undefined ? null : { node: item.node, span };
}

function pointedAt(event: MouseEvent): Pointed | null {
  const bar = event.target instanceof Element ? event.target.closest("[data-bar]") : null;
  const [item, span] = (bar?.getAttribute("data-bar") ?? "").split(" ").map(Number);
  if (bar === null || item === undefined || span === undefined) return null;
  return { cursor: { item, span }, x: event.clientX, y: event.clientY };
}

/** Where a key leads; the row there comes into view. */
function moveTo(
  event: KeyboardEvent<HTMLElement>,
  plan: SchedulePlan,
  cursor: ScheduleCursor | null,
): ScheduleCursor | null {
  event.preventDefault();
  const next = moveCursor(plan, cursor, event.key);
  if (next !== null) bringIntoView(event.currentTarget, plan, next);
  return next;
}

function bringIntoView(box: HTMLElement, plan: SchedulePlan, { item }: ScheduleCursor): void {
  const top = plan.tops[item] ?? 0;
  const bottom = plan.tops[item + 1] ?? plan.height;
  const view = box.clientHeight - axisHeight;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (bottom > box.scrollTop + view) box.scrollTop = bottom - view;
}

function Axis({ frame, width }: { readonly frame: ScheduleFrame; readonly width: number }): ReactNode {
  const now = pixelOf(frame, frame.now);
  return (
    <svg className="gantt-axis" width={width} height={axisHeight} aria-hidden="true">
      {frame.ticks
        .filter((tick) => Math.abs(pixelOf(frame, tick.at) - now) > 30 && pixelOf(frame, tick.at) < frame.right - 16)
        .map((tick) => (
          <text
            key={tick.at}
            className={tick.isDay ? "strong" : ""}
            x={pixelOf(frame, tick.at)}
            y="17"
            textAnchor="middle"
          >
            {tick.label}
          </text>
        ))}
      <text className="now" x={now} y="17" textAnchor="middle">
        now
      </text>
    </svg>
  );
}

function Body({
  height,
  width,
  children,
}: {
  readonly height: number;
  readonly width: number;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <svg className="gantt-body" width={width} height={height} aria-hidden="true">
      <defs>
        <pattern id="reserved-hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="7" height="7" fill="var(--special-soft)" />
          <line x1="0" x2="0" y1="0" y2="7" stroke="var(--special)" strokeWidth="2" opacity="0.45" />
        </pattern>
      </defs>
      {children}
    </svg>
  );
}

function PoolRow({
  item: { pool, nodes, gpus },
  top,
  right,
  isSimulated,
}: {
  readonly item: PoolItem;
  readonly top: number;
  readonly right: number;
  readonly isSimulated: boolean;
}): ReactNode {
  const count = `${nodes} ${nodes === 1 ? "node" : "nodes"}, ${gpus} ${isSimulated ? "simulated " : ""}${gpus === 1 ? "GPU" : "GPUs"}`;
  return (
    <g transform={`translate(0 ${top})`}>
      <line className="axis" x1="0" x2={right + 14} y1="0.5" y2="0.5" />
      <text x="14" y="19">
        <tspan className="strong">Pool {pool}</tspan>
        <tspan dx="10">{count}</tspan>
      </text>
    </g>
  );
}
