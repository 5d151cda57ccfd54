import { escapeMarkup } from "./escape-markup.ts";
import { niceStep } from "./nice-step.ts";
import { writeNumber } from "./write-figure.ts";

/**
 * One series over the months. `area` stacks on the areas before it; `step` holds its value for the whole month; a `band` lies
 * between `lower` and its values.
 */
export interface LineSeries {
  readonly name: string;
  readonly kind: "line" | "area" | "step" | "dashed" | "band";
  readonly values: readonly number[];
  readonly lower?: readonly number[];
  /** How wrong the last value may be: drawn behind the end of the series, with the middle as a dot. */
  readonly end?: { readonly low: number; readonly middle: number; readonly high: number };
}

/** What a plot shows; `marks` are upright lines with a word. */
export interface LinePlot {
  readonly title: string;
  readonly unit: string;
  readonly labels: readonly string[];
  /** What is counted along the floor; left out where it is months. */
  readonly labelX?: string;
  readonly series: readonly LineSeries[];
  readonly marks?: readonly { readonly at: number; readonly label: string }[];
}

const width = 720;
const height = 300;
const left = 64;
const right = 28;
/** Room for the interval at the end of one series. */
const endRoom = 12;
const top = 30;
const bottom = 52;
const ticksWanted = 5;
/** Width of a letter of the legend, as good as it can be known. */
const letterWidth = 5.8;
const swatchWidth = 14;
const gap = 18;
const legendRow = 16;

interface Frame {
  /** Where the last month stands. */
  readonly right: number;
  readonly x: (index: number) => number;
  readonly y: (value: number) => number;
  readonly ticks: readonly number[];
}

/**
 * Draws series over months as an SVG of its own: colours come from the classes `c0`..`c7` of the page, so that it is
 * readable in light and dark. Series must be as long as the labels.
 */
export function drawLines(plot: LinePlot): string {
  const stacked = stackAreas(plot.series);
  const ends = stacked.flatMap(({ end }) => (end === undefined ? [] : [end.high]));
  const most = Math.max(1e-9, ...stacked.flatMap((each) => each.upper), ...ends);
  const frame = toFrame(plot.labels.length, most, ends.length);
  const legend = placeLegend(plot.series);
  const shapes = stacked.map((each, index) => drawSeries(each, index, frame));
  const marks = (plot.marks ?? []).map(({ at, label }) => {
    const x = frame.x(at).toFixed(1);
    // The word stands beside its line, on the side that has more room.
    const side = frame.x(at) > (left + frame.right) / 2 ? 'class="note end" dx="-4"' : 'class="note" dx="4"';
    return `<line class="mark" x1="${x}" y1="${top}" x2="${x}" y2="${height - bottom}"/><text ${side} x="${x}" y="${top + 10}">${escapeMarkup(label)}</text>`;
  });
  return [
    `<svg class="plot" viewBox="0 0 ${width} ${height + (legend.rows - 1) * legendRow}" role="img" aria-label="${escapeMarkup(plot.title)}">`,
    `<text class="title" x="${left}" y="18">${escapeMarkup(plot.title)} (${escapeMarkup(plot.unit)})</text>`,
    drawGrid(plot, frame),
    ...shapes,
    ...drawEnds(plot.series, frame),
    ...marks,
    drawLegend(legend),
    "</svg>",
  ].join("\n");
}

interface Stacked extends LineSeries {
  readonly lower: readonly number[];
  readonly upper: readonly number[];
}

function stackAreas(series: readonly LineSeries[]): readonly Stacked[] {
  let base: readonly number[] = [];
  return series.map((each) => {
    if (each.kind !== "area") return { ...each, lower: each.lower ?? [], upper: each.values };
    const lower = each.values.map((_, index) => base[index] ?? 0);
    const upper = each.values.map((value, index) => value + (lower[index] ?? 0));
    base = upper;
    return { ...each, lower, upper };
  });
}

function toFrame(count: number, most: number, ends: number): Frame {
  const last = width - right - (ends === 0 ? 0 : (ends + 1) * endRoom);
  const step = niceStep(most / ticksWanted);
  const end = Math.ceil(most / step) * step;
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, index) => index * step);
  return {
    right: last,
    x: (index) => left + (index / Math.max(1, count - 1)) * (last - left),
    y: (value) => height - bottom - (value / end) * (height - top - bottom),
    ticks,
  };
}

function drawGrid(plot: LinePlot, frame: Frame): string {
  const rows = frame.ticks.map((tick) => {
    const y = frame.y(tick).toFixed(1);
    return `<line class="grid" x1="${left}" y1="${y}" x2="${width - right}" y2="${y}"/><text class="tick end" x="${left - 6}" y="${y}" dy="4">${writeNumber(tick)}</text>`;
  });
  const every = Math.max(1, Math.ceil(plot.labels.length / 8));
  const columns = plot.labels.flatMap((label, index) =>
    index % every === 0
      ? [
          `<text class="tick middle" x="${frame.x(index).toFixed(1)}" y="${height - bottom + 16}">${escapeMarkup(label)}</text>`,
        ]
      : [],
  );
  const floor = `<text class="tick end" x="${width - right}" y="${height - bottom + 30}">${escapeMarkup(plot.labelX ?? "")}</text>`;
  return [...rows, ...columns, ...(plot.labelX === undefined ? [] : [floor])].join("\n");
}

/** The interval of each series that has one, side by side behind the last month. */
function drawEnds(series: readonly LineSeries[], frame: Frame): readonly string[] {
  const drawn = series.flatMap((each, index) => (each.end === undefined ? [] : [{ ...each.end, index }]));
  return drawn.map(({ low, middle, high, index }, place) => {
    const x = (frame.right + (place + 1) * endRoom).toFixed(1);
    const colour = `c${index % 8}`;
    const line = `<line class="line ${colour}" x1="${x}" y1="${frame.y(low).toFixed(1)}" x2="${x}" y2="${frame.y(high).toFixed(1)}"/>`;
    return `${line}<circle class="bar ${colour}" cx="${x}" cy="${frame.y(middle).toFixed(1)}" r="4"/>`;
  });
}

function drawSeries(series: Stacked, index: number, frame: Frame): string {
  const point = (value: number, at: number): string => `${frame.x(at).toFixed(1)},${frame.y(value).toFixed(1)}`;
  if (series.kind === "area") {
    const back = series.lower.map(point).reverse();
    return `<polygon class="area c${index % 8}" points="${[...series.upper.map(point), ...back].join(" ")}"/>`;
  }
  if (series.kind === "band") {
    const [high, low] = [series.upper.map(point), series.lower.map(point)];
    const edges = [high, low].map((points) => `<polyline class="edge" points="${points.join(" ")}"/>`);
    return `<polygon class="band" points="${[...high, ...low.toReversed()].join(" ")}"/>${edges.join("")}`;
  }
  const points =
    series.kind === "step"
      ? series.upper.flatMap((value, at) =>
          at === 0 ? [point(value, at)] : [point(series.upper[at - 1] ?? value, at), point(value, at)],
        )
      : series.upper.map(point);
  const dash = series.kind === "dashed" ? ' stroke-dasharray="5 4"' : "";
  return `<polyline class="line c${index % 8}"${dash} points="${points.join(" ")}"/>`;
}

/** Names of the series, in as many rows as they take. */
function placeLegend(series: readonly LineSeries[]) {
  let x = left;
  let row = 0;
  const places = series.map((each) => {
    const room = swatchWidth + each.name.length * letterWidth + gap;
    if (x > left && x + room > width) {
      x = left;
      row += 1;
    }
    const place = { name: each.name, kind: each.kind, x, row };
    x += room;
    return place;
  });
  return { places, rows: row + 1 };
}

/** What stands before a name looks like what it names. */
function drawSwatch(kind: LineSeries["kind"], index: number, x: number, y: number): string {
  const colour = `c${index % 8}`;
  if (kind === "area") return `<rect class="area ${colour}" x="${x.toFixed(1)}" y="${y}" width="10" height="10"/>`;
  if (kind === "band") {
    return `<rect class="band" x="${x.toFixed(1)}" y="${y}" width="10" height="10"/><line class="edge" x1="${x.toFixed(1)}" y1="${y}" x2="${(x + 10).toFixed(1)}" y2="${y}"/>`;
  }
  const dash = kind === "dashed" ? ' stroke-dasharray="4 2"' : "";
  return `<line class="line ${colour}"${dash} x1="${(x - 1).toFixed(1)}" y1="${y + 5}" x2="${(x + 11).toFixed(1)}" y2="${y + 5}"/>`;
}

function drawLegend({ places }: ReturnType<typeof placeLegend>): string {
  return places
    .map(({ name, kind, x, row }, index) => {
      const y = height - 18 + row * legendRow;
      return `${drawSwatch(kind, index, x, y)}<text class="tick" x="${(x + swatchWidth).toFixed(1)}" y="${y + 9}">${escapeMarkup(name)}</text>`;
    })
    .join("\n");
}
