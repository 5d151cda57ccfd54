import { type Block, type ReportDocument, toldBefore } from "../planning/report/model.ts";
import type { Terminal } from "./terminal.ts";
import { renderTable } from "./table.ts";
import { wrapLine } from "./wrap-line.ts";

/** Characters of a bar that reaches its limit, and letters that fill it, one a part. */
const barLength = 32;
const fills = ["█", "▓", "▒", "░", "▚", "▞", "▖", "·"];

type Look = Pick<Terminal, "width" | "paint">;

/** Lays a report out for a terminal: headings, lists, tables, and bars of letters. Plots are left out. */
export function renderReport(document: ReportDocument, look: Look): readonly string[] {
  const sections = document.sections.flatMap((section) => {
    const blocks = section.blocks.flatMap((block) => renderBlock(block, look));
    return blocks.length === 0 ? [] : ["", look.paint(section.heading, "title"), ...blocks];
  });
  return [look.paint(document.title, "title"), ...sections];
}

function renderBlock(block: Block, look: Look): readonly string[] {
  switch (block.kind) {
    case "text":
      return wrapLine(block.text, look.width).map((line) => look.paint(line, "dim"));
    case "list":
      return block.items.flatMap((item) => wrapLine(`  - ${item}`, look.width, 4));
    case "errors":
      return renderErrors(block, look);
    case "plot":
      return [];
    case "bars":
      return renderBars(block, look);
    case "table": {
      const columns = block.head.map((name) => ({
        heading: name.replace(/^#/, ""),
        align: name.startsWith("#") ? ("right" as const) : ("left" as const),
        canShrink: !name.startsWith("#"),
      }));
      const rows = block.rows.map((row) => row.map((text) => ({ text, tone: "plain" as const })));
      return rows.length === 0 ? [] : renderTable(columns, rows, look);
    }
  }
}

/** The error first, then what it is of, then what tells it; in one line where all of it was told before. */
function renderErrors({ items }: Extract<Block, { readonly kind: "errors" }>, look: Look): readonly string[] {
  const isTold = items.every(({ basis }) => basis === toldBefore || basis === "");
  const width = items.reduce((most, { stated }) => Math.max(most, stated.length), 0);
  const lines = isTold
    ? wrapLine(
        `  how wrong: ${items.map(({ quantity, stated }) => `${quantity} ${stated}`).join("; ")}`,
        look.width,
        13,
      )
    : [
        "  how wrong:",
        ...items.flatMap(({ quantity, stated, basis }) => {
          const words = basis === "" ? quantity : `${quantity}: ${basis}`;
          return wrapLine(`    ${stated.padEnd(width)}  ${words}`, look.width, width + 6);
        }),
      ];
  return lines.map((line) => look.paint(line, "dim"));
}

type Bars = Extract<Block, { readonly kind: "bars" }>;

function renderBars(block: Bars, look: Look): readonly string[] {
  const names = [...new Set(block.bars.flatMap((bar) => bar.parts.map((part) => part.name)))];
  const width = block.bars.reduce((most, bar) => Math.max(most, bar.label.length), 0);
  const perLetter = block.limit / barLength;
  const bars = block.bars.map((bar) => {
    const total = bar.parts.reduce((sum, part) => sum + part.value, 0);
    const letters = toLetters(bar, names, perLetter).padEnd(barLength, " ");
    const tone = total > block.limit ? "bad" : "plain";
    const figures = `${total.toFixed(1)} of ${block.limit.toFixed(1)} ${block.unit}, ${bar.note}`;
    return `  ${bar.label.padEnd(width)} ▕${look.paint(letters, tone)}▏ ${figures}`;
  });
  const legend = names.map((name, index) => `${fills[index % fills.length]} ${name}`).join("  ");
  return [look.paint(block.caption, "dim"), ...bars, look.paint(`  ${legend}`, "dim")];
}

/** The bar's parts as letters; rounding is carried on, so that the length is that of the sum. */
function toLetters(bar: Bars["bars"][number], names: readonly string[], perLetter: number): string {
  let sum = 0;
  let drawn = 0;
  let text = "";
  for (const part of bar.parts) {
    sum += part.value;
    const end = Math.min(2 * barLength, Math.round(sum / perLetter));
    text += (fills[names.indexOf(part.name) % fills.length] ?? "█").repeat(Math.max(0, end - drawn));
    drawn = Math.max(drawn, end);
  }
  return text;
}
