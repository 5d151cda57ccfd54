/** A stretch of time on a node, as far as a Gantt chart lays it out. */
export interface GanttSpan {
  readonly kind: "running" | "planned" | "reserved";
  readonly start: number;
  /** null: never by itself. */
  readonly end: number | null;
  readonly gpuIndices: readonly number[];
  /** Thousandths of GPUs, all together. */
  readonly gpuMillis: number;
}

/** A rectangle of a span in its row: the time is that of the span, `top` and `height` are pixels from the row's top. */
export interface GanttBar<Span> {
  readonly span: Span;
  readonly top: number;
  readonly height: number;
}

/** A node's row: one lane for each GPU, then lanes for what runs without any. Pixels. */
export interface GanttRow<Span> {
  readonly height: number;
  /** Tops of the GPUs' lanes. */
  readonly laneTops: readonly number[];
  readonly laneHeight: number;
  /** Reservations first, so that what is drawn later lies over them; then by start. */
  readonly bars: readonly GanttBar<Span>[];
}

/** Lanes of what runs without GPUs; what runs beside so many shares the last. */
const roomLanesMax = 6;
const roomLaneHeight = 14;
const rowHeightMin = 30;
const gpusHeight = 64;
const laneHeightMin = 3;
const laneHeightMax = 18;
const wholeGpu = 1000;
/** Shares are sums of thousandths. */
const shareSlack = 1e-9;

/** Lays out the spans of one node. Those of one GPU that share it at a time stand beside each other within its lane. */
export function layoutRow<Span extends GanttSpan>(gpus: number, spans: readonly Span[]): GanttRow<Span> {
  const sorted = spans.toSorted((left, right) => left.start - right.start);
  const reserved = sorted.filter((span) => span.kind === "reserved");
  const work = sorted.filter((span) => span.kind !== "reserved");
  const lanes = work.reduce((most, span) => Math.max(most, ...span.gpuIndices.map((index) => index + 1)), gpus);
  const laneHeight = Math.max(laneHeightMin, Math.min(laneHeightMax, Math.floor(gpusHeight / Math.max(1, lanes))));
  const laneTops = Array.from({ length: lanes }, (_, index) => index * laneHeight);
  const stacks = new Map<number, Stacked[]>();
  const onGpus = work.filter((span) => span.gpuIndices.length > 0).flatMap((span) => gpuBars(span, stacks, laneHeight));
  const without = roomBars(
    work.filter((span) => span.gpuIndices.length === 0),
    lanes * laneHeight,
  );
  const filled = [...onGpus, ...without].reduce(
    (most, bar) => Math.max(most, bar.top + bar.height),
    lanes * laneHeight,
  );
  const height = Math.max(rowHeightMin, filled);
  const behind = reserved.map((span) => ({ span, top: 0, height: lanes === 0 ? height : lanes * laneHeight }));
  return { height, laneTops, laneHeight, bars: [...behind, ...onGpus, ...without] };
}

/** A share of a GPU that is taken for a time: from `offset` on, in shares of the lane. */
interface Stacked {
  readonly start: number;
  readonly end: number;
  readonly offset: number;
  readonly share: number;
}

/** One bar for each run of neighbouring GPUs; a share of a GPU takes that part of its lane. */
function gpuBars<Span extends GanttSpan>(
  span: Span,
  stacks: Map<number, Stacked[]>,
  laneHeight: number,
): readonly GanttBar<Span>[] {
  const share = Math.min(1, span.gpuMillis / wholeGpu / span.gpuIndices.length);
  const isWhole = share > 1 - shareSlack || share <= 0;
  if (isWhole) {
    return neighbours(span.gpuIndices).map(([first, count]) => ({
      span,
      top: first * laneHeight,
      height: count * laneHeight,
    }));
  }
  return span.gpuIndices.map((index) => {
    const taken = stacks.get(index) ?? [];
    const end = span.end ?? Number.POSITIVE_INFINITY;
    const offset = freeOffset(
      taken.filter((each) => each.start < end && span.start < each.end),
      share,
    );
    stacks.set(index, [...taken, { start: span.start, end, offset, share }]);
    return { span, top: (index + offset) * laneHeight, height: share * laneHeight };
  });
}

/** The lowest place of a lane with room for `share`; where none is left, its end. */
function freeOffset(taken: readonly Stacked[], share: number): number {
  let offset = 0;
  for (const each of taken.toSorted((left, right) => left.offset - right.offset)) {
    if (each.offset - offset >= share - shareSlack) break;
    offset = Math.max(offset, each.offset + each.share);
  }
  return Math.min(offset, 1 - share);
}

function neighbours(indices: readonly number[]): readonly (readonly [first: number, count: number])[] {
  const runs: [number, number][] = [];
  for (const index of [...new Set(indices)].toSorted((left, right) => left - right)) {
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[1] === index) last[1] += 1;
    else runs.push([index, 1]);
  }
  return runs;
}

/** What runs without GPUs, each in the first lane that is free at its time. */
function roomBars<Span extends GanttSpan>(spans: readonly Span[], top: number): readonly GanttBar<Span>[] {
  const ends: number[] = [];
  return spans.map((span) => {
    const free = ends.findIndex((end) => end <= span.start);
    const lane = free >= 0 ? free : Math.min(ends.length, roomLanesMax - 1);
    ends[lane] = Math.max(free >= 0 ? 0 : (ends[lane] ?? 0), span.end ?? Number.POSITIVE_INFINITY);
    return { span, top: top + lane * roomLaneHeight, height: roomLaneHeight };
  });
}

/** Where each of some rows begins when they stand below each other, and where the last one ends. */
export function stackRows(
  heights: readonly number[],
  gap: number,
): { readonly tops: readonly number[]; readonly end: number } {
  let end = 0;
  const tops = heights.map((height) => {
    const top = end;
    end += height + gap;
    return top;
  });
  return { tops, end };
}

/** The rows that show in a window of the stack: from the first to before the last, with one row around. */
export function rowsWithin(
  tops: readonly number[],
  from: number,
  to: number,
): { readonly first: number; readonly last: number } {
  const first = lastBefore(tops, from);
  return { first: Math.max(0, first - 1), last: Math.min(tops.length, lastBefore(tops, to) + 2) };
}

/** Index of the last row that begins at or before `at`, at least 0. Cost: the log of the rows. */
function lastBefore(tops: readonly number[], at: number): number {
  let low = 0;
  let high = tops.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((tops[middle] ?? 0) <= at) low = middle;
    else high = middle;
  }
  return low;
}
