import { escapeMarkup } from "./escape-markup.ts";
import type { Block } from "./model.ts";
import { writeNumber } from "./write-figure.ts";

const width = 720;
const right = 110;
const rowHeight = 28;
const top = 14;
/** Width of a letter, as good as it can be known. */
const letterWidth = 5.8;
const leastLeft = 120;

/** Draws bars of parts on one scale, with an upright line at their limit. Colours come from the page's classes. */
export function drawBars(block: Extract<Block, { readonly kind: "bars" }>): string {
  const totals = block.bars.map((bar) => bar.parts.reduce((sum, part) => sum + part.value, 0));
  const most = Math.max(1e-9, block.limit, ...totals);
  const left = Math.max(leastLeft, 16 + letterWidth * Math.max(0, ...block.bars.map((bar) => bar.label.length)));
  const x = (value: number): number => left + (value / most) * (width - left - right);
  const names = [...new Set(block.bars.flatMap((bar) => bar.parts.map((part) => part.name)))];
  const rows = block.bars.map((bar, index) => {
    const y = top + index * rowHeight;
    let from = 0;
    const parts = bar.parts.map((part) => {
      const start = x(from);
      from += part.value;
      const title = `<title>${escapeMarkup(part.name)}: ${writeNumber(part.value)} ${escapeMarkup(block.unit)}</title>`;
      return `<rect class="bar c${names.indexOf(part.name) % 8}" x="${start.toFixed(1)}" y="${y + 4}" width="${Math.max(0, x(from) - start).toFixed(1)}" height="${rowHeight - 8}">${title}</rect>`;
    });
    const label = `<text class="tick end" x="${left - 8}" y="${y + rowHeight / 2}" dy="4">${escapeMarkup(bar.label)}</text>`;
    const note = `<text class="tick" x="${(Math.max(x(from), x(block.limit)) + 6).toFixed(1)}" y="${y + rowHeight / 2}" dy="4">${writeNumber(from)} ${escapeMarkup(block.unit)}</text>`;
    return [label, ...parts, note].join("\n");
  });
  const floor = top + block.bars.length * rowHeight;
  const limit = x(block.limit).toFixed(1);
  const slot = width / Math.max(1, names.length);
  const legend = names.map((name, index) => {
    const at = index * slot;
    return `<rect class="swatch c${index % 8}" x="${at.toFixed(1)}" y="${floor + 14}" width="10" height="10"/><text class="tick" x="${(at + 14).toFixed(1)}" y="${floor + 23}">${escapeMarkup(name)}</text>`;
  });
  return [
    `<svg class="plot" viewBox="0 0 ${width} ${floor + 32}" role="img" aria-label="${escapeMarkup(block.caption)}">`,
    ...rows,
    `<line class="mark" x1="${limit}" y1="${top - 6}" x2="${limit}" y2="${floor + 4}"/>`,
    ...legend,
    "</svg>",
  ].join("\n");
}
