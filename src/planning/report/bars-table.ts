import type { Block } from "./model.ts";
import { writeNumber } from "./write-figure.ts";

/** A bar becomes a row: its parts, their sum, and what it may be at most. */
export function barsAsTable(
  block: Extract<Block, { readonly kind: "bars" }>,
): Extract<Block, { readonly kind: "table" }> {
  const names = [...new Set(block.bars.flatMap((bar) => bar.parts.map((part) => part.name)))];
  const rows = block.bars.map((bar) => {
    const valueOf = (name: string): number => bar.parts.find((part) => part.name === name)?.value ?? 0;
    const total = bar.parts.reduce((sum, part) => sum + part.value, 0);
    return [bar.label, ...names.map((name) => writeNumber(valueOf(name))), writeNumber(total), bar.note];
  });
  const head = ["what", ...names.map((name) => `#${name}`), `#of ${writeNumber(block.limit)} ${block.unit}`, "note"];
  return { kind: "table", head, rows };
}
