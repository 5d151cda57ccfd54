import * as z from "zod";

export const runStatuses = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"] as const;
export type RunStatus = (typeof runStatuses)[number];

/** Deleted things keep their rows and can be restored. */
export type Lifecycle = "active" | "deleted";

/** The experiment that every project has. */
export const defaultExperimentId = "0";
export const defaultExperimentName = "Default";

export type Texts = Readonly<Record<string, string>>;

export interface Experiment {
  readonly project: string;
  readonly experimentId: string;
  readonly name: string;
  readonly artifactLocation: string;
  readonly lifecycle: Lifecycle;
  readonly tags: Texts;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** One measured value. A step may be measured more than once. */
export interface MetricPoint {
  readonly key: string;
  readonly value: number;
  /** Milliseconds since 1970, as the client says. */
  readonly timestamp: number;
  readonly step: number;
}

export interface DatasetInput {
  readonly tags: Texts;
  readonly name: string;
  readonly digest: string;
  readonly sourceType: string;
  readonly source: string;
  readonly schema: string | null;
  readonly profile: string | null;
}

/** One run with the last value of each metric (the one with the highest step). */
export interface Run {
  readonly runId: string;
  readonly project: string;
  readonly experimentId: string;
  readonly name: string;
  readonly userId: string;
  readonly status: RunStatus;
  readonly lifecycle: Lifecycle;
  readonly artifactUri: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly params: Texts;
  readonly tags: Texts;
  readonly metrics: readonly MetricPoint[];
  readonly datasetInputs: readonly DatasetInput[];
  readonly modelInputs: readonly string[];
  readonly modelOutputs: readonly { readonly modelId: string; readonly step: number }[];
}

export const loggedModelStatuses = [
  "LOGGED_MODEL_STATUS_UNSPECIFIED",
  "LOGGED_MODEL_PENDING",
  "LOGGED_MODEL_READY",
  "LOGGED_MODEL_UPLOAD_FAILED",
] as const;
export type LoggedModelStatus = (typeof loggedModelStatuses)[number];

/** A model that a script logged (MLflow 3), before anything is registered. */
export interface LoggedModel {
  readonly modelId: string;
  readonly project: string;
  readonly experimentId: string;
  readonly name: string;
  readonly modelType: string | null;
  readonly sourceRunId: string | null;
  readonly status: LoggedModelStatus;
  readonly params: Texts;
  readonly tags: Texts;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A row of the UI's table of runs. */
export const runRowSchema = z.object({
  runId: z.string(),
  project: z.string(),
  experimentId: z.string(),
  experiment: z.string(),
  name: z.string(),
  user: z.string(),
  status: z.enum(runStatuses),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  /** Up to now while the run goes on. */
  durationMs: z.number(),
  params: z.record(z.string(), z.string()),
  tags: z.record(z.string(), z.string()),
  /** Last value of each metric; null where it is not a number. */
  metrics: z.record(z.string(), z.number().nullable()),
});

export const runPageSchema = z.object({ runs: z.array(runRowSchema), nextCursor: z.string().nullable() });

export const runDetailSchema = runRowSchema.extend({
  datasets: z.array(z.object({ name: z.string(), digest: z.string(), context: z.string().nullable() })),
  metricKeys: z.array(z.string()),
});

/** One curve: columns of equal length, at most 2,000 points; extremes are kept. */
export const metricSeriesSchema = z.object({
  runId: z.string(),
  key: z.string(),
  steps: z.array(z.number()),
  timestamps: z.array(z.number()),
  values: z.array(z.number().nullable()),
  /** How many points the run has for this key. */
  pointsTotal: z.number(),
});

export const metricSeriesListSchema = z.object({ series: z.array(metricSeriesSchema) });

export const artifactListSchema = z.object({
  files: z.array(z.object({ path: z.string(), isFolder: z.boolean(), bytes: z.number().nullable() })),
});

export type RunRow = z.infer<typeof runRowSchema>;
export type RunDetail = z.infer<typeof runDetailSchema>;
export type MetricSeries = z.infer<typeof metricSeriesSchema>;
