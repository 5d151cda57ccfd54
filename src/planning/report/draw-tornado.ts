import type { TornadoBar } from "../cost/simulate-cost.ts";
import { escapeMarkup } from "./escape-markup.ts";
import { niceStep } from "./nice-step.ts";
import { writeUsd } from "./write-figure.ts";

const width = 720;
const right = 90;
/** Room for the names of rates: at least this, or what the longest takes; and for the words at the left ends of bars. */
const leastNames = 170;
const wordsRoom = 90;
/** Width of a letter, as good as it can be known. */
const letterWidth = 5.8;
const rowHeight = 26;
const top = 34;
const ticksWanted = 4;
/** Room for the axis, its words and the legend below the bars. */
const foot = 58;

/** Draws a tornado: one bar a rate, from the result at its low end to the result at its high end, widest on top. */
export function drawTornadoPlot(title: string, bars: readonly TornadoBar[], likeliest: number): string {
  const results = bars.flatMap((bar) => [bar.resultAtLow, bar.resultAtHigh]).concat(likeliest);
  const least = Math.min(...results);
  const span = Math.max(1e-9, Math.max(...results) - least);
  const names = Math.max(leastNames, 8 + letterWidth * Math.max(0, ...bars.map(({ words }) => words.name.length)));
  const left = names + wordsRoom;
  const x = (value: number): number => left + ((value - least) / span) * (width - left - right);
  const floor = top + bars.length * rowHeight;
  const rows = bars.map((bar, index) => {
    const y = top + index * rowHeight;
    const middle = y + rowHeight / 2;
    // Both ends may lie on one side, or one of them on the line: their words never do.
    const isLowLeft = bar.resultAtLow < bar.resultAtHigh;
    return [
      `<text class="tick end" x="${names.toFixed(1)}" y="${middle}" dy="4">${escapeMarkup(bar.words.name)}</text>`,
      drawBar(x(bar.resultAtLow), x(likeliest), y, "c0", bar.words.low, isLowLeft),
      drawBar(x(bar.resultAtHigh), x(likeliest), y, "c1", bar.words.high, !isLowLeft),
    ].join("\n");
  });
  const axis = x(likeliest).toFixed(1);
  return [
    `<svg class="plot" viewBox="0 0 ${width} ${floor + foot}" role="img" aria-label="${escapeMarkup(title)}">`,
    `<text class="title" x="8" y="18">${escapeMarkup(title)}</text>`,
    ...drawTicks(least, least + span, x, floor),
    ...rows,
    `<line class="mark" x1="${axis}" y1="${top - 6}" x2="${axis}" y2="${floor + 2}"/>`,
    ...drawLegend(`${writeUsd(likeliest)}, all at their likeliest`, floor + foot - 12),
    "</svg>",
  ].join("\n");
}

function drawTicks(least: number, most: number, x: (value: number) => number, floor: number): readonly string[] {
  const step = niceStep((most - least) / ticksWanted);
  const first = Math.ceil(least / step) * step;
  const count = Math.max(0, Math.floor((most - first) / step + 1e-9) + 1);
  return Array.from({ length: count }, (_, index) => {
    const at = x(first + index * step).toFixed(1);
    return `<line class="grid" x1="${at}" y1="${top}" x2="${at}" y2="${floor}"/><text class="tick middle" x="${at}" y="${floor + 16}">${writeUsd(first + index * step)}</text>`;
  });
}

/** What the colours and the upright line say. */
function drawLegend(likeliest: string, y: number): readonly string[] {
  const swatch = (colour: string, name: string, at: number): string =>
    `<rect class="swatch ${colour}" x="${at}" y="${y - 9}" width="10" height="10"/><text class="tick" x="${at + 14}" y="${y}">${name}</text>`;
  return [
    swatch("c0", "rate at its least", leastNames),
    swatch("c1", "rate at its most", leastNames + 120),
    `<line class="mark" x1="${leastNames + 245}" y1="${y - 10}" x2="${leastNames + 245}" y2="${y + 2}"/><text class="tick" x="${leastNames + 252}" y="${y}">${escapeMarkup(likeliest)}</text>`,
  ];
}

/** A bar from the likeliest result outward, with the rate's value at its end. */
function drawBar(from: number, to: number, y: number, colour: string, label: string, isLeft: boolean): string {
  const start = Math.min(from, to).toFixed(1);
  const size = Math.max(0.5, Math.abs(from - to)).toFixed(1);
  const anchor = isLeft ? "tick end" : "tick";
  const labelX = (isLeft ? Math.min(from, to) - 4 : Math.max(from, to) + 4).toFixed(1);
  return `<rect class="bar ${colour}" x="${start}" y="${y + 4}" width="${size}" height="${rowHeight - 8}"/><text class="${anchor}" x="${labelX}" y="${y + rowHeight / 2}" dy="4">${label}</text>`;
}
