import type { TornadoBar } from "../cost/simulate-cost.ts";
import { escapeMarkup } from "./escape-markup.ts";
import { writeUsd } from "./write-figure.ts";

const width = 720;
const left = 260;
const right = 90;
const rowHeight = 26;
const top = 34;

/** Draws a tornado: one bar a rate, from the result at its low end to the result at its high end, widest on top. */
export function drawTornadoPlot(title: string, bars: readonly TornadoBar[], likeliest: number): string {
  const results = bars.flatMap((bar) => [bar.resultAtLow, bar.resultAtHigh]).concat(likeliest);
  const least = Math.min(...results);
  const span = Math.max(1e-9, Math.max(...results) - least);
  const x = (value: number): number => left + ((value - least) / span) * (width - left - right);
  const height = top + bars.length * rowHeight + 24;
  const rows = bars.map((bar, index) => {
    const y = top + index * rowHeight;
    const middle = y + rowHeight / 2;
    // Both ends may lie on one side, or one of them on the line: their words never do.
    const isLowLeft = bar.resultAtLow < bar.resultAtHigh;
    return [
      `<text class="tick end" x="${left - 90}" y="${middle}" dy="4">${escapeMarkup(bar.words.name)}</text>`,
      drawBar(x(bar.resultAtLow), x(likeliest), y, "c0", bar.words.low, isLowLeft),
      drawBar(x(bar.resultAtHigh), x(likeliest), y, "c1", bar.words.high, !isLowLeft),
    ].join("\n");
  });
  const axis = x(likeliest).toFixed(1);
  return [
    `<svg class="plot" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeMarkup(title)}">`,
    `<text class="title" x="8" y="18">${escapeMarkup(title)}</text>`,
    ...rows,
    `<line class="mark" x1="${axis}" y1="${top - 6}" x2="${axis}" y2="${height - 22}"/>`,
    `<text class="tick middle" x="${axis}" y="${height - 8}">${escapeMarkup(`${writeUsd(likeliest)}, all at their likeliest`)}</text>`,
    "</svg>",
  ].join("\n");
}

/** A bar from the likeliest result outward, with the rate's value at its end. */
function drawBar(from: number, to: number, y: number, colour: string, label: string, isLeft: boolean): string {
  const start = Math.min(from, to).toFixed(1);
  const size = Math.max(0.5, Math.abs(from - to)).toFixed(1);
  const anchor = isLeft ? "tick end" : "tick";
  const labelX = (isLeft ? Math.min(from, to) - 4 : Math.max(from, to) + 4).toFixed(1);
  return `<rect class="bar ${colour}" x="${start}" y="${y + 4}" width="${size}" height="${rowHeight - 8}"/><text class="${anchor}" x="${labelX}" y="${y + rowHeight / 2}" dy="4">${label}</text>`;
}
