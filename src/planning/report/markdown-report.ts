import { barsAsTable } from "./bars-table.ts";
import type { Block, ReportDocument } from "./model.ts";

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
