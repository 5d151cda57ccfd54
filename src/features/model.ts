import * as z from "zod";
import { durationPattern } from "../base/units.ts";
import { conditionSchema, defineKind, nameSchema } from "../platform/resource.ts";

/** The most features of one view, and the most columns that name an entity. */
export const featuresMax = 200;
export const entityColumnsMax = 8;

const columnSchema = z.string().min(1).max(128);

/** A feature's name is a column's name in training sets and an input's name in models. */
const featureNameSchema = z
  .string()
  .max(128)
  .regex(/^[a-z][a-z0-9_]*$/, "use lower-case letters, digits and underscores, such as origin_late_rate_1h");

/** One number about an entity: an aggregate of what became known in the window before a moment. */
export const featureSchema = z
  .strictObject({
    name: featureNameSchema.describe("Column of training sets and input of models, such as origin_late_rate_1h."),
    aggregate: z
      .enum(["count", "sum", "mean"])
      .describe("count (of rows, or of a column's known values), sum or mean. All are exact."),
    column: columnSchema.optional().describe("Numeric column of the source; count may go without."),
    window: z
      .string()
      .regex(durationPattern, "write a duration, such as 6h or 7d")
      .describe("How far back the window reaches: rows known in [moment - window, moment)."),
  })
  .refine((feature) => feature.aggregate === "count" || feature.column !== undefined, {
    message: "sum and mean need a column",
    path: ["column"],
  });

export type FeatureDefinition = Readonly<z.infer<typeof featureSchema>>;

export const featureViewSpecSchema = z
  .strictObject({
    source: z
      .strictObject({ dataset: nameSchema.describe("Name of the dataset whose rows are aggregated.") })
      .describe("Where the observations come from."),
    entity: z
      .array(columnSchema)
      .min(1)
      .max(entityColumnsMax)
      .describe("Columns that name whom a row concerns; compared as a tuple, never joined into one text."),
    knownAt: columnSchema.describe("Column of the moment at which a row became known; windows run over it."),
    id: columnSchema.optional().describe("Column with a row's unique id; without it ids are derived from the content."),
    decimals: z
      .int()
      .min(0)
      .max(9)
      .default(6)
      .describe("Digits after the point that values keep. Sums are of whole units of the last digit, hence exact."),
    features: z
      .array(featureSchema)
      .min(1)
      .max(featuresMax)
      .describe("The view's features, in the order of its vectors."),
  })
  .refine((spec) => new Set(spec.features.map((feature) => feature.name)).size === spec.features.length, {
    message: "two features have the same name",
    path: ["features"],
  });

/** What a view declares. */
export type FeatureViewSpec = Readonly<z.output<typeof featureViewSpecSchema>>;

export const featureViewStatusSchema = z.object({
  phase: z.enum(["pending", "ready", "failed"]),
  /** `dataset@version` that the view was last checked against. */
  checkedAgainst: z.string().nullable(),
  /** The names of the view's features, in order. */
  features: z.array(z.string()).readonly(),
  conditions: z.array(conditionSchema).readonly(),
});

export type FeatureViewStatus = Readonly<z.infer<typeof featureViewStatusSchema>>;

export const featureViewKind = defineKind({
  kind: "FeatureView",
  plural: "feature-views",
  aliases: ["feature-view", "views", "fv"],
  scope: "project",
  summary: "Rolling statistics of an entity, the same for training sets and for serving.",
  spec: featureViewSpecSchema as z.ZodType<FeatureViewSpec>,
  status: featureViewStatusSchema as z.ZodType<FeatureViewStatus>,
  initialStatus: { phase: "pending", checkedAgainst: null, features: [], conditions: [] },
  columns: [
    { heading: "PHASE", path: "status.phase" },
    { heading: "SOURCE", path: "spec.source.dataset" },
    { heading: "CHECKED", path: "status.checkedAgainst" },
    { heading: "FEATURES", path: "status.features", isWide: true },
  ],
  needsCleanup: false,
});
