import type { Block, ReportDocument } from "./model.ts";
import { writeNumber } from "./write-figure.ts";

/** Writes a report as Markdown (GitHub's tables); plots become their captions. */
export function writeMarkdown(document: ReportDocument): string {
  const parts = [`# ${document.title}`];
  for (const section of document.sections) {
    parts.push(`## ${section.heading}`, ...section.blocks.map(writeBlock));
  }
  return `${parts.join("\n\n")}\n`;
}

function writeBlock(block: Block): string {
  switch (block.kind) {
    case "text":
      return block.text;
    case "list":
      return block.items.map((item) => `- ${item}`).join("\n");
    case "plot":
      return `*Plot in the HTML report: ${block.caption}*`;
    case "errors":
      return `How wrong this may be:\n\n${block.items.map((item) => `- ${item}`).join("\n")}`;
    case "bars":
      return `${block.caption}\n\n${writeBlock(barsAsTable(block))}`;
    case "table": {
      const head = `| ${block.head.map((name) => name.replace(/^#/, "")).join(" | ")} |`;
      const rule = `|${block.head.map((name) => (name.startsWith("#") ? "---:" : "---")).join("|")}|`;
      const rows = block.rows.map((row) => `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`);
      return [head, rule, ...rows].join("\n");
    }
  }
}

type Bars = Extract<Block, { readonly kind: "bars" }>;

/** A bar becomes a row: its parts, their sum, and what it may be at most. */
function barsAsTable(block: Bars): Block {
  const names = [...new Set(block.bars.flatMap((bar) => bar.parts.map((part) => part.name)))];
  const rows = block.bars.map((bar) => {
    const valueOf = (name: string): number => bar.parts.find((part) => part.name === name)?.value ?? 0;
    const total = bar.parts.reduce((sum, part) => sum + part.value, 0);
    return [bar.label, ...names.map((name) => writeNumber(valueOf(name))), writeNumber(total), bar.note];
  });
  const head = ["what", ...names.map((name) => `#${name}`), `#of ${writeNumber(block.limit)} ${block.unit}`, "note"];
  return { kind: "table", head, rows };
}
