import { wrapWords } from "../../base/wrap-words.ts";
import { barsAsTable } from "./bars-table.ts";
import type { Block, ReportDocument } from "./model.ts";
import { isToldBefore, tellBasesOnce, tellBriefly } from "./stated-errors.ts";

/** Characters of a line of prose. */
const lineLength = 120;
/** What would begin a list, a heading, a quotation or a table at the start of a line of Markdown: no line but the first begins with it. */
const marker = /^(?:[-+*#>|=]|\d+[.)])/;
/** A column whose cells are longer is not filled up with blanks. */
const widestPadded = 60;

/** Writes a report as Markdown (GitHub's tables, aligned as text too); plots become their captions. */
export function writeMarkdown(document: ReportDocument): string {
  const { title, sections } = tellBasesOnce(document);
  const parts = [`# ${title}`];
  for (const section of sections) {
    parts.push(`## ${section.heading}`, ...section.blocks.map(writeBlock).filter((block) => block !== ""));
  }
  return `${parts.join("\n\n")}\n`;
}

function writeBlock(block: Block): string {
  switch (block.kind) {
    case "text":
      return wrapProse(block.text);
    case "list":
      return writeList(block.items);
    case "plot":
      return wrapProse(`*Plot in the HTML report: ${block.caption}*`);
    case "errors":
      return writeErrors(block);
    case "bars":
      return `${wrapProse(block.caption)}\n\n${writeBlock(barsAsTable(block))}`;
    case "table":
      return block.rows.length === 0 ? "" : writeTable(block);
  }
}

function writeList(items: readonly string[]): string {
  return items.map((item) => wrapProse(`- ${item}`, "  ")).join("\n");
}

function writeErrors(block: Extract<Block, { readonly kind: "errors" }>): string {
  if (isToldBefore(block)) return wrapProse(`How wrong this may be: ${tellBriefly(block.items)}.`);
  const items = block.items.map(({ quantity, stated, basis }) => {
    return `${quantity}: **${stated}**${basis === "" ? "" : `; ${basis}`}`;
  });
  return `How wrong this may be:\n\n${writeList(items)}`;
}

function writeTable({ head, rows }: Extract<Block, { readonly kind: "table" }>): string {
  const isNumber = head.map((name) => name.startsWith("#"));
  const lines = [head.map((name) => name.replace(/^#/, "")), ...rows].map((row) => row.map(escapeCell));
  const widths = head.map((_, column) => {
    const widest = Math.max(3, ...lines.map((row) => row[column]?.length ?? 0));
    // The last column needs no blanks behind it.
    return widest > widestPadded || (column === head.length - 1 && isNumber[column] !== true) ? 0 : widest;
  });
  const pad = (cell: string, column: number): string =>
    isNumber[column] === true ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  const rule = widths.map((width, column) => {
    const dashes = "-".repeat(Math.max(3, width));
    return isNumber[column] === true ? `${dashes.slice(1)}:` : dashes;
  });
  const [names = [], ...body] = lines.map((row) => row.map(pad));
  return [names, rule, ...body].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** A cell stays in its column. */
const escapeCell = (cell: string): string => cell.replaceAll("|", "\\|").replaceAll("\n", " ");

function wrapProse(text: string, indent = ""): string {
  return wrapWords(text, { width: lineLength, indent, kept: marker }).join("\n");
}
