import * as z from "zod";
import { durationPattern } from "../base/units.ts";
import { sizeSchema } from "../compute/model.ts";
import { conditionSchema, defineKind, nameSchema } from "../platform/resource.ts";

/** Limits of what one declaration may hold. */
export const expectationsMax = 100;
export const stepsMax = 50;
export const inputsMax = 50;
const sqlLengthMax = 20_000;

const columnSchema = z.string().min(1).max(128);
const columnsSchema = z.array(columnSchema).min(1).max(64);

export const expectationSchema = z.discriminatedUnion("expect", [
  z.strictObject({
    expect: z.literal("not-null"),
    columns: columnsSchema.describe("Columns that hold a value in every row."),
  }),
  z.strictObject({
    expect: z.literal("between"),
    column: columnSchema.describe("Numeric column."),
    min: z.number().optional().describe("Smallest value that is allowed."),
    max: z.number().optional().describe("Largest value that is allowed."),
  }),
  z.strictObject({
    expect: z.literal("unique"),
    columns: columnsSchema.describe("Columns whose values together occur once."),
  }),
  z.strictObject({
    expect: z.literal("one-of"),
    column: columnSchema,
    values: z
      .array(z.union([z.string(), z.number(), z.boolean()]))
      .min(1)
      .max(1000)
      .describe("The values that are allowed."),
  }),
  z.strictObject({
    expect: z.literal("row-count"),
    min: z.int().min(0).optional().describe("Fewest rows."),
    max: z.int().min(0).optional().describe("Most rows."),
  }),
  z.strictObject({
    expect: z.literal("holds"),
    name: z.string().min(1).max(100).describe("What the rule says, for people."),
    sql: z
      .string()
      .min(1)
      .max(sqlLengthMax)
      .describe("A condition in SQL that holds in every row, such as length(origin) = 3."),
  }),
]);

/** A rule that every version of a dataset must keep. */
export type Expectation = Readonly<z.infer<typeof expectationSchema>>;

export const datasetSpecSchema = z.strictObject({
  source: z
    .strictObject({
      path: z.string().min(1).max(4096).describe("The file; relative to the YAML file that declares it."),
    })
    .optional()
    .describe("Where the rows lie. Leave it out when a pipeline writes the dataset."),
  format: z.enum(["parquet", "csv"]).default("parquet").describe("How the source file is written."),
  timestamp: columnSchema.optional().describe("Column of the moment that a row is about."),
  key: columnsSchema.optional().describe("Columns that together name a row; they must be unique."),
  expectations: z
    .array(expectationSchema)
    .max(expectationsMax)
    .default([])
    .describe("Rules that every version must keep."),
});

export type DatasetSpec = Readonly<z.output<typeof datasetSpecSchema>>;

const cellSchema = z.union([z.string(), z.number(), z.boolean(), z.null()]);

export const violationSchema = z.object({
  /** The rule as a sentence. */
  expectation: z.string(),
  /** How many rows break it. */
  rows: z.number(),
  /** A few of them. */
  examples: z.array(z.record(z.string(), cellSchema)).readonly(),
});

/** An expectation that a version does not meet. */
export type Violation = Readonly<z.infer<typeof violationSchema>>;

export const columnTypeSchema = z.object({ name: z.string(), type: z.string() });

export const datasetStatusSchema = z.object({
  phase: z.enum(["pending", "checking", "valid", "failed"]),
  /** The newest version that meets all expectations. */
  latestVersion: z.number().nullable(),
  rows: z.number().nullable(),
  bytes: z.number().nullable(),
  contentHash: z.string().nullable(),
  columns: z.array(columnTypeSchema).readonly(),
  violations: z.array(violationSchema).readonly(),
  conditions: z.array(conditionSchema).readonly(),
});

export type DatasetStatus = Readonly<z.infer<typeof datasetStatusSchema>>;

export const datasetKind = defineKind({
  kind: "Dataset",
  plural: "datasets",
  aliases: ["dataset", "ds"],
  scope: "project",
  summary: "Rows in a file with a schema, versions by content, and rules that each version must keep.",
  spec: datasetSpecSchema as z.ZodType<DatasetSpec>,
  status: datasetStatusSchema as z.ZodType<DatasetStatus>,
  initialStatus: {
    phase: "pending",
    latestVersion: null,
    rows: null,
    bytes: null,
    contentHash: null,
    columns: [],
    violations: [],
    conditions: [],
  },
  columns: [
    { heading: "PHASE", path: "status.phase" },
    { heading: "VERSION", path: "status.latestVersion" },
    { heading: "ROWS", path: "status.rows", format: "count" },
    { heading: "SIZE", path: "status.bytes", format: "bytes" },
    { heading: "CONTENT", path: "status.contentHash", isWide: true },
  ],
  needsCleanup: true,
});

/** A name that SQL may use without quotes. */
const tableNameSchema = z
  .string()
  .max(63)
  .regex(/^[a-z][a-z0-9_]*$/, "use lower-case letters, digits and underscores, such as raw_flights");

export const pipelineSpecSchema = z.strictObject({
  inputs: z
    .record(tableNameSchema, nameSchema)
    .refine((inputs) => Object.keys(inputs).length <= inputsMax, `a pipeline has at most ${inputsMax} inputs`)
    .default({})
    .describe("Tables that steps may read: name in SQL → dataset."),
  steps: z
    .array(
      z.strictObject({
        name: tableNameSchema.describe("Name of the step; later steps read its rows under it."),
        reads: z
          .array(tableNameSchema)
          .max(inputsMax)
          .optional()
          .describe("Inputs and steps that the SQL reads; absent: all inputs."),
        sql: z.string().min(1).max(sqlLengthMax).describe("One SELECT."),
        output: nameSchema.describe("The dataset that gets the rows as a new version."),
      }),
    )
    .min(1)
    .max(stepsMax)
    .describe("Steps; each runs as soon as what it reads is there."),
  pool: nameSchema
    .optional()
    .describe(
      "Pool that the steps run in; absent: the only one that can run them, else the only one of role any, else of role training.",
    ),
  resources: z
    .strictObject({
      cpus: z.number().positive().max(256).optional().describe("CPUs, and threads of the SQL engine; absent: 1."),
      memory: sizeSchema
        .optional()
        .describe("Memory, most of it for the SQL engine, which spills the rest to disk; absent: 2GB."),
      maxDuration: z
        .string()
        .regex(durationPattern, "write numbers and units, such as 30m")
        .optional()
        .describe("A step that runs longer is stopped and has failed; absent: 1h."),
    })
    .optional()
    .describe("What each step may use of a machine."),
  priority: z.int().min(0).max(100).optional().describe("In the queue, 0 to 100, higher first; absent: 50."),
  preemptible: z
    .boolean()
    .optional()
    .describe("Whether a step may be stopped for others and begin again later; absent: it may."),
});

export type PipelineSpec = Readonly<z.output<typeof pipelineSpecSchema>>;
export type PipelineStep = PipelineSpec["steps"][number];

export const stepStatusSchema = z.object({
  name: z.string(),
  /** `waiting` for what it reads or for a pool, `queued` with a workload of its own. */
  state: z.enum(["waiting", "queued", "running", "succeeded", "failed"]),
  rows: z.number().nullable(),
  seconds: z.number().nullable(),
  /** Whether an earlier run on equal inputs was taken instead. */
  cached: z.boolean(),
  /** `dataset@version` that the step made. */
  output: z.string().nullable(),
  /** The workload that ran it, runs it or waits to; null when it has none. */
  workload: z.string().nullable(),
  message: z.string(),
});

export type StepStatus = Readonly<z.infer<typeof stepStatusSchema>>;

export const pipelineStatusSchema = z.object({
  phase: z.enum(["pending", "running", "succeeded", "failed"]),
  steps: z.array(stepStatusSchema).readonly(),
  conditions: z.array(conditionSchema).readonly(),
});

export type PipelineStatus = Readonly<z.infer<typeof pipelineStatusSchema>>;

export const pipelineKind = defineKind({
  kind: "Pipeline",
  plural: "pipelines",
  aliases: ["pipeline", "pl"],
  scope: "project",
  summary: "Steps of SQL that make datasets from datasets; a step on unchanged inputs is not run again.",
  spec: pipelineSpecSchema as z.ZodType<PipelineSpec>,
  status: pipelineStatusSchema as z.ZodType<PipelineStatus>,
  initialStatus: { phase: "pending", steps: [], conditions: [] },
  columns: [{ heading: "PHASE", path: "status.phase" }],
  needsCleanup: false,
});
