import { escapeMarkup } from "./escape-markup.ts";
import { niceStep } from "./nice-step.ts";
import { writeNumber } from "./write-figure.ts";

/** A point of a trade, with how far it may lie to either side. */
export interface FrontierPlace {
  readonly x: number;
  readonly y: number;
  readonly xLow: number;
  readonly xHigh: number;
}

/** What one good costs in another, a line for each way to have both; farther right and farther up is better. */
export interface FrontierPlot {
  readonly title: string;
  readonly labelX: string;
  readonly labelY: string;
  readonly lines: readonly { readonly name: string; readonly points: readonly FrontierPlace[] }[];
  /** A least value on the floor that must be kept; left out where none is. */
  readonly goal?: number;
}

const width = 720;
const plotHeight = 300;
const left = 64;
const right = 28;
const top = 46;
const bottom = 44;
const ticksWanted = 6;
const legendRow = 16;

interface Axis {
  readonly ticks: readonly number[];
  readonly place: (value: number) => number;
}

/** An axis from zero to a round number above `most`, drawn from `from` to `to`. */
function toAxis(most: number, from: number, to: number): Axis {
  const step = niceStep(Math.max(1e-9, most) / ticksWanted);
  const count = Math.ceil(Math.max(1e-9, most) / step - 1e-9);
  return {
    ticks: Array.from({ length: count + 1 }, (_, index) => index * step),
    place: (value) => from + (value / (count * step)) * (to - from),
  };
}

/** Draws a frontier as an SVG of its own; each point has its interval along the floor, and colours come from the page's classes. */
export function drawFrontier({ title, labelX, labelY, lines, goal }: FrontierPlot): string {
  const points = lines.flatMap((line) => line.points);
  const across = toAxis(Math.max(0, goal ?? 0, ...points.map(({ xHigh }) => xHigh)), left, width - right);
  const up = toAxis(Math.max(0, ...points.map(({ y }) => y)), plotHeight - bottom, top);
  const height = plotHeight + lines.length * legendRow;
  return [
    `<svg class="plot" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeMarkup(title)}">`,
    `<text class="title" x="${left}" y="18">${escapeMarkup(title)}</text>`,
    `<text class="tick" x="${left}" y="36">${escapeMarkup(labelY)}</text>`,
    ...drawAxes(across, up),
    `<text class="tick end" x="${width - right}" y="${plotHeight - 12}">${escapeMarkup(labelX)}</text>`,
    ...(goal === undefined ? [] : [drawGoal(across.place(goal))]),
    ...lines.map((line, index) => drawLine(line.points, index, across, up)),
    ...lines.map(({ name }, index) => drawName(name, index)),
    "</svg>",
  ].join("\n");
}

function drawAxes(across: Axis, up: Axis): readonly string[] {
  const floor = plotHeight - bottom;
  const rows = up.ticks.map((tick) => {
    const y = up.place(tick).toFixed(1);
    return `<line class="grid" x1="${left}" y1="${y}" x2="${width - right}" y2="${y}"/><text class="tick end" x="${left - 6}" y="${y}" dy="4">${writeNumber(tick)}</text>`;
  });
  const columns = across.ticks.map((tick) => {
    return `<text class="tick middle" x="${across.place(tick).toFixed(1)}" y="${floor + 16}">${writeNumber(tick)}</text>`;
  });
  return [...rows, ...columns];
}

function drawGoal(x: number): string {
  const side = x > width / 2 ? 'class="note end" dx="-4"' : 'class="note" dx="4"';
  return `<line class="mark" x1="${x.toFixed(1)}" y1="${top}" x2="${x.toFixed(1)}" y2="${plotHeight - bottom}"/><text ${side} x="${x.toFixed(1)}" y="${top + 10}">goal: at least so fast</text>`;
}

function drawLine(points: readonly FrontierPlace[], index: number, across: Axis, up: Axis): string {
  const colour = `c${index % 8}`;
  const path = points.map(({ x, y }) => `${across.place(x).toFixed(1)},${up.place(y).toFixed(1)}`).join(" ");
  const marks = points.map(({ x, y, xLow, xHigh }) => {
    const at = up.place(y).toFixed(1);
    const whisker = `<line class="line thin ${colour}" x1="${across.place(xLow).toFixed(1)}" y1="${at}" x2="${across.place(xHigh).toFixed(1)}" y2="${at}"/>`;
    return `${whisker}<circle class="bar ${colour}" cx="${across.place(x).toFixed(1)}" cy="${at}" r="3.5"/>`;
  });
  return `<polyline class="line ${colour}" points="${path}"/>${marks.join("")}`;
}

function drawName(name: string, index: number): string {
  const y = plotHeight + index * legendRow;
  return `<rect class="swatch c${index % 8}" x="${left}" y="${y}" width="10" height="10"/><text class="tick" x="${left + 14}" y="${y + 9}">${escapeMarkup(name)}</text>`;
}
