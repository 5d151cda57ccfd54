import { type Block, type ReportDocument, type StatedError, toldBefore } from "./model.ts";

/** One error in one line: `step time: ±7.3 %; 80 % of 116 measured rows`. */
export function tellStated({ quantity, stated, basis }: StatedError): string {
  return `${quantity}: ${stated}${basis === "" ? "" : `; ${basis}`}`;
}

/** Whether nothing is left to be said of a section's errors but how large they are. */
export function isToldBefore({ items }: Extract<Block, { readonly kind: "errors" }>): boolean {
  return items.every(({ basis }) => basis === toldBefore || basis === "");
}

/** Errors that were told before, in one line: `step time ±7.3 %; people and fees not measured`. */
export function tellBriefly(items: readonly StatedError[]): string {
  return items.map(({ quantity, stated }) => `${quantity} ${stated}`).join("; ");
}

/** The report with what an error rests on told once: a section further down repeats the error, not its basis. */
export function tellBasesOnce(document: ReportDocument): ReportDocument {
  const told = new Set<string>();
  const once = (item: StatedError): StatedError => {
    if (item.basis === "") return item;
    const words = tellStated(item);
    if (told.has(words)) return { ...item, basis: toldBefore };
    told.add(words);
    return item;
  };
  const sections = document.sections.map((section) => {
    const blocks = section.blocks.map((block) => {
      return block.kind === "errors" ? { ...block, items: block.items.map(once) } : block;
    });
    return { ...section, blocks };
  });
  return { ...document, sections };
}
