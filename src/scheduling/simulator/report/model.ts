import * as z from "zod";

const countSchema = z.int().min(0);
const shareSchema = z.number().min(0).max(1);

/** Of some values; percentiles are the least value that at least so many per cent do not exceed. null: of nothing. */
const distributionSchema = z
  .strictObject({
    count: countSchema,
    mean: z.number(),
    p50: z.number(),
    p95: z.number(),
    p99: z.number(),
    max: z.number(),
  })
  .nullable();

/** Hours of whole GPUs; `held` is the sum of the others. */
const gpuHoursSchema = z.strictObject({
  held: z.number(),
  useful: z.number(),
  /** Work that was done and lost again with an eviction or a node. */
  lost: z.number(),
  /** From a start after an eviction until the workload worked again. */
  restarting: z.number(),
  /** Held by evicted workloads on their way out. */
  leaving: z.number(),
});

/** The workloads of a queue or of a size, or all of them. */
const groupSchema = z.strictObject({
  name: z.string(),
  jobs: countSchema,
  /** Never started before the simulation ended; they have no waiting time in the figures below. */
  unstarted: countSchema,
  preemptions: countSchema,
  /** Seconds from the submission to the first start, of those that started. */
  waitingSeconds: distributionSchema,
  /** Seconds from the submission to the end, of those that ended. */
  completionSeconds: distributionSchema,
  /** Of those that ended: completion time over the time that it would run alone, at least 1; runs under 10 s count as 10 s. */
  boundedSlowdown: distributionSchema,
  gpuHours: gpuHoursSchema,
});

/** How many promises about a start were kept; `share` is null without any. */
const calibrationSchema = z.strictObject({
  made: countSchema,
  held: countSchema,
  share: shareSchema.nullable(),
});

/** What a simulation found. Times count from the start of the trace. */
export const simulationReportSchema = z.strictObject({
  schema: z.literal("millwright.simulation/1"),
  policy: z.string(),
  /** What a reader should know about how the trace was read. */
  notes: z.array(z.string()),
  cluster: z.strictObject({ nodes: countSchema, gpus: countSchema, cpus: z.number() }),
  outcomes: z.strictObject({
    succeeded: countSchema,
    /** Stopped at their limit. */
    timedOut: countSchema,
    running: countSchema,
    waiting: countSchema,
    /** Asked for what the cluster could never give. */
    refused: countSchema,
  }),
  events: countSchema,
  cycles: countSchema,
  nodeLosses: countSchema,
  /** Seconds from the first submission to the last end, or to where the simulation was cut. */
  makespanSeconds: z.number(),
  /** Means over the makespan, as shares of what was up. */
  utilisation: z.strictObject({ gpuMean: shareSchema, gpuMax: shareSchema, cpuMean: shareSchema }),
  /** Idle GPU capacity that the typical workload of the trace could not use (F of FGD), means over the makespan. */
  fragmentation: z.strictObject({ shareOfIdle: shareSchema, shareOfAll: shareSchema }),
  queueLength: z.strictObject({ mean: z.number(), max: countSchema }),
  all: groupSchema,
  /** By name; most GPU hours first. */
  queues: z.array(groupSchema),
  /** By the GPUs that a workload asks for with all its members; smallest first. */
  sizes: z.array(groupSchema),
  /** What was said at submission to workloads that could not start at once; `held`: it started then or earlier. */
  promises: z.strictObject({
    planned: calibrationSchema,
    /** Those planned starts that rest on limits alone. */
    hardBound: calibrationSchema,
    p50: calibrationSchema,
    p90: calibrationSchema,
  }),
  /** Means over equal spans of time, `spanSeconds` long, from `fromSeconds` on. */
  series: z.strictObject({
    fromSeconds: z.number(),
    spanSeconds: z.number(),
    gpuUtilisation: z.array(shareSchema),
    cpuUtilisation: z.array(shareSchema),
    fragmentation: z.array(shareSchema),
    waiting: z.array(z.number()),
  }),
  /** Waiting seconds at 0, 1, ... 100 per cent of the workloads that started; empty without any. */
  waitingPercentiles: z.array(z.number()),
});

/** What a simulation found, as JSON; units stand in the names. */
export type SimulationReport = z.output<typeof simulationReportSchema>;
export type Distribution = z.output<typeof distributionSchema>;
export type GroupReport = z.output<typeof groupSchema>;
export type Calibration = z.output<typeof calibrationSchema>;
