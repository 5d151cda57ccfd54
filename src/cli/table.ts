import type { Tone } from "./tone.ts";

/** One column: its heading, its side, and whether its cells may be cut when the terminal is narrow. */
export interface TableColumn {
  readonly heading: string;
  readonly align: "left" | "right";
  /** Names and ids are never cut. */
  readonly canShrink: boolean;
}

export interface TableCell {
  readonly text: string;
  readonly tone: Tone;
}

/** Puts a colour on text; the plain one returns it as it is. */
export type Paint = (text: string, tone: Tone) => string;

const gap = "  ";
const ellipsis = "…";
/** A cut column keeps at least this many characters. */
const narrowest = 8;

/**
 * Lays rows out in aligned columns without boxes, one string a line, no trailing blanks.
 *
 * Columns that may shrink are cut with `…`, the widest first, until the line fits `width`; when even that does
 * not help, lines are longer than `width` rather than ids cut.
 *
 * @param rows cells by column; missing cells are blank.
 * @param width characters of a line; `Infinity` cuts nothing.
 */
export function renderTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly TableCell[])[],
  options: { readonly width: number; readonly paint: Paint },
): readonly string[] {
  const heading = columns.map((column): TableCell => ({ text: column.heading.toUpperCase(), tone: "heading" }));
  const lines = [heading, ...rows.map((row) => row.map(onOneLine))];
  const widths = fitWidths(columns, lines, options.width);
  return lines.map((line) => renderLine(columns, line, widths, options.paint));
}

function renderLine(
  columns: readonly TableColumn[],
  line: readonly TableCell[],
  widths: readonly number[],
  paint: Paint,
): string {
  const filled = columns.map((_, index) => line[index]?.text ?? "");
  const last = filled.findLastIndex((text) => text !== "");
  const parts = columns.slice(0, last + 1).map((column, index) => {
    const width = widths[index] ?? 0;
    const text = cut(filled[index] ?? "", width);
    const blanks = " ".repeat(Math.max(0, width - lengthOf(text)));
    const painted = text === "" ? "" : paint(text, line[index]?.tone ?? "plain");
    if (column.align === "right") return blanks + painted;
    return index === last ? painted : painted + blanks;
  });
  return parts.join(gap);
}

function fitWidths(
  columns: readonly TableColumn[],
  lines: readonly (readonly TableCell[])[],
  width: number,
): readonly number[] {
  const widths = columns.map((_, index) =>
    lines.reduce((widest, line) => Math.max(widest, lengthOf(line[index]?.text ?? "")), 0),
  );
  let excess = widths.reduce((sum, each) => sum + each, 0) + gap.length * (columns.length - 1) - width;
  while (excess > 0) {
    const widest = widestShrinkable(columns, widths);
    if (widest === undefined) break;
    const size = widths[widest] ?? 0;
    const step = Math.min(excess, size - narrowest);
    widths[widest] = size - Math.max(1, Math.min(step, Math.ceil(size / 4)));
    excess -= size - (widths[widest] ?? 0);
  }
  return widths;
}

function widestShrinkable(columns: readonly TableColumn[], widths: readonly number[]): number | undefined {
  let widest: number | undefined;
  for (const [index, column] of columns.entries()) {
    const size = widths[index] ?? 0;
    if (column.canShrink && size > narrowest && size > (widest === undefined ? 0 : (widths[widest] ?? 0)))
      widest = index;
  }
  return widest;
}

function cut(text: string, width: number): string {
  const letters = [...text];
  return letters.length <= width ? text : letters.slice(0, Math.max(0, width - 1)).join("") + ellipsis;
}

function onOneLine(cell: TableCell): TableCell {
  return /[\r\n\t]/.test(cell.text) ? { ...cell, text: cell.text.replaceAll(/[\r\n\t]+/g, " ") } : cell;
}

function lengthOf(text: string): number {
  return [...text].length;
}
