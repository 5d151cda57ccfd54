import * as z from "zod";

const text = z.string();

const barSchema = z.strictObject({
  label: text,
  /** What fills the bar, from its foot on. */
  parts: z.array(z.strictObject({ name: text, value: z.number() })).readonly(),
  note: text,
});

const statedErrorSchema = z.strictObject({
  /** What may be wrong: `step time`. */
  quantity: text,
  /** By how much: `±7.3 %`, `within a factor of 2.2`, or `not measured`. */
  stated: text,
  /** What tells it, or what the quantity rests on instead; empty where nothing is to be said. */
  basis: text,
});

/** What stands for a basis that a section before has told. */
export const toldBefore = "as above";

/** How wrong one quantity of a section may be. */
export type StatedError = Readonly<z.infer<typeof statedErrorSchema>>;

const blockSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("text"), text }),
  z.strictObject({ kind: z.literal("list"), items: z.array(text).readonly() }),
  z.strictObject({
    kind: z.literal("table"),
    /** Columns whose name begins with `#` hold numbers and stand to the right; the mark is not shown. */
    head: z.array(text).readonly(),
    rows: z.array(z.array(text).readonly()).readonly(),
  }),
  z.strictObject({ kind: z.literal("plot"), svg: text, caption: text }),
  /** Bars of parts, all on one scale, with the limit that they should keep. */
  z.strictObject({
    kind: z.literal("bars"),
    caption: text,
    unit: text,
    limit: z.number(),
    bars: z.array(barSchema).readonly(),
  }),
  /** How wrong the figures above it may be, one quantity an item. */
  z.strictObject({ kind: z.literal("errors"), items: z.array(statedErrorSchema).readonly() }),
]);

/** One piece of a report; every writer knows how to show each kind. */
export type Block = Readonly<z.infer<typeof blockSchema>>;

const sectionSchema = z.strictObject({ heading: text, blocks: z.array(blockSchema).readonly() });

/** A heading with what stands under it. */
export type Section = Readonly<z.infer<typeof sectionSchema>>;

/** A whole report, from which Markdown, HTML and the terminal's text are written. */
export const reportDocumentSchema = z.strictObject({ title: text, sections: z.array(sectionSchema).readonly() });

export type ReportDocument = Readonly<z.infer<typeof reportDocumentSchema>>;
