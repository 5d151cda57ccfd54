import * as z from "zod";
import { policyNames, traceFormats } from "../scheduling/simulator/model.ts";
import { isolationLevels } from "./advice/keep-compliant.ts";
import { servedFormatSchema } from "./catalog/format-spelling.ts";
import { durationSchema, nameSchema, rateSchema, shareSchema, sizeSchema, uncertainSchema } from "./plan-figures.ts";
import { acceleratorSchema, storagePricesSchema, switchSchema } from "./fleet/plan-hardware.ts";
import { modelFields } from "./questions/model-fields.ts";
import { runFields } from "./questions/run-fields.ts";

const countrySchema = z.string().regex(/^[A-Z]{2}$/, "write the two-letter code of a country, such as DE");

/** Limits of what one plan may ask for. */
const stagesMax = 30;
const workloadsMax = 50;
const horizonMonthsMin = 12;
const horizonMonthsMax = 84;
const horizonWords = `write whole months, ${horizonMonthsMin} to ${horizonMonthsMax}`;

const servedSchema = z
  .strictObject({
    ...modelFields,
    inputTokens: z.number(),
    outputTokens: z.number(),
    ttftSeconds: z.number().optional(),
    tpotSeconds: z.number().optional(),
    engine: z.enum(["trtllm", "vllm", "sglang"]).optional(),
    precision: servedFormatSchema.optional(),
  })
  .describe("A model that is served within these goals: what one GPU answers is simulated, as `size inference` does.");

const trainedSchema = z
  .strictObject({
    ...modelFields,
    tokens: z.number().positive().describe("That one job trains on, such as 300e9."),
    ...z.object(runFields).partial().shape,
    gpus: z.int().min(1).max(10_000_000).optional().describe("GPUs of one job."),
    finishWithin: durationSchema
      .optional()
      .describe("Instead of gpus: one job takes the fewest that end it in this time, failures included."),
  })
  .refine((run) => (run.gpus === undefined) !== (run.finishWithin === undefined), {
    message: "give gpus, or finishWithin for the fewest that end it in time, one of the two",
  })
  .describe(
    "A model that is trained: GPU-hours follow from the best layout on the fleet's GPU, as `size training` does.",
  );

const jobsSchema = z
  .strictObject({
    perMonth: z.number(),
    gpuHoursEach: z.number().optional().describe("Useful GPU-hours of one job; failures and saving come on top."),
    gangGpus: z.number().optional().describe("GPUs that one job holds together."),
    trained: trainedSchema.optional(),
    arrival: z
      .enum(["planned", "random"])
      .optional()
      .describe(
        "planned: spread evenly over the month; random (if absent): as they come, so that a month may be busy.",
      ),
  })
  .refine((jobs) => (jobs.gpuHoursEach === undefined) !== (jobs.trained === undefined), {
    message: "give gpuHoursEach with gangGpus, or the trained model whose runs are to be sized, one of the two",
  })
  .refine((jobs) => jobs.gpuHoursEach === undefined || jobs.gangGpus !== undefined, {
    message: "gangGpus is missing: the GPUs that one job holds together, such as 8",
  })
  .refine((jobs) => jobs.trained === undefined || jobs.gangGpus === undefined, {
    message: "a trained model's GPUs are trained.gpus, or follow from trained.finishWithin; leave gangGpus out",
  });

const stageSchema = z
  .strictObject({
    stage: z.enum(["development", "training", "evaluation", "serving", "data"]),
    name: nameSchema.optional().describe("Shown in the report; the stage's own name if absent."),
    gpus: z.number().optional().describe("GPUs in use at the busiest moment of the first month."),
    jobs: jobsSchema.optional(),
    people: z
      .strictObject({ people: z.number(), gpusEach: z.number(), activeShare: z.number().optional() })
      .optional()
      .describe("People with notebooks; activeShare of them at once on average."),
    requests: z
      .strictObject({
        peakPerSecond: z.number(),
        perGpuPerSecond: z.number().optional(),
        gpusPerReplica: z.number().optional().describe("1 if absent; of a served model those of its best layout."),
        served: servedSchema.optional(),
      })
      .refine((load) => (load.perGpuPerSecond === undefined) !== (load.served === undefined), {
        message: "give perGpuPerSecond, or the served model whose replicas are to be sized, one of the two",
      })
      .optional()
      .describe("Load of a service at its busiest second, and what one GPU answers within its limits."),
    history: z
      .array(z.number())
      .optional()
      .describe("Peak GPUs of past months, oldest first; at least 6, 24 for a season."),
    growthPerYear: z.number().optional().describe("0.5: half as much again every year; at least -1."),
    growthUncertainty: z.number().optional().describe("How wrong the growth may be after a year, over the demand."),
    season: z.array(z.number()).optional().describe("Twelve factors around 1, from the first month of the plan."),
  })
  .refine(
    (stage) =>
      [stage.gpus, stage.jobs, stage.people, stage.requests, stage.history].filter((load) => load !== undefined)
        .length === 1,
    {
      message: "give exactly one of gpus, jobs, people, requests and history",
    },
  );

const networkSchema = z.strictObject({
  topology: z.enum(["rail-optimised", "leaf-spine", "fat-tree"]).optional(),
  switch: nameSchema.optional().describe("A switch of the catalog, such as QM9700, or of the plan's own."),
  portRate: rateSchema.optional().describe("Rate of one fabric port of a server, such as 400Gb/s."),
  rails: z.number().optional().describe("Fabric ports of one server."),
  oversubscription: z.number().optional().describe("1 is non-blocking, 2 halves the bandwidth above the leaves."),
  levels: z.literal([1, 2, 3]).optional(),
  nodesPerUnit: z.number().optional().describe("Servers of one scalable unit of a rail-optimised fabric."),
  nodeCable: z.enum(["copper", "fibre"]).optional(),
  exposedShare: shareSchema.optional().describe("Part of a training step that waits for other servers."),
  exchange: z.enum(["ring", "all-to-all"]).optional().describe("all-to-all for mixtures of experts across servers."),
});

const storageSchema = z.strictObject({
  checkpoint: z
    .strictObject({
      parameters: z
        .number()
        .optional()
        .describe("Of the largest model that is trained, such as 13e9; absent: of those that stages name as trained."),
      bytesPerParameter: z.number().optional(),
      interval: z.number().optional().describe("Minutes between saves; the best by Daly's formula if absent."),
      mode: z.enum(["synchronous", "asynchronous"]).optional(),
      stallShare: z.number().optional().describe("Share of the time that saving may take."),
      kept: z.number().optional(),
      readersOnRestart: z.number().optional().describe("1: read once and broadcast; else the data-parallel width."),
    })
    .optional(),
  datasets: z
    .array(z.strictObject({ name: nameSchema, size: sizeSchema, copies: z.number().optional() }))
    .max(200)
    .default([]),
  datasetRead: rateSchema.optional().describe("Reads of training data by all jobs together, such as 2GB/s."),
  artifacts: sizeSchema.optional(),
  servingWeights: sizeSchema
    .optional()
    .describe("Weights of all served models, one version of each; absent: of those that stages name as served."),
  versionsKept: z.number().optional(),
  vectors: z
    .strictObject({ count: z.number(), dimensions: z.number(), bytesPerValue: z.number().optional() })
    .optional(),
  growthShare: z.number().optional(),
  usableShare: z.number().optional(),
  prices: storagePricesSchema.optional(),
});

const facilitySchema = z.strictObject({
  rackKw: z.number().optional(),
  rackUnits: z.number().optional(),
  busyShare: z.number().optional().describe("Power of a busy server over its nameplate."),
  idleShare: z.number().optional(),
  gridKgPerKwh: z.number().optional().describe("Carbon dioxide of a kilowatt-hour, kg."),
});

const reliabilitySchema = z.strictObject({
  hazardPerMillionGpuHours: uncertainSchema.optional().describe("Interruptions of a job in a million GPU-hours."),
  restartMinutes: uncertainSchema.optional(),
  repairHours: z.number().optional(),
  spareConfidence: z.number().optional(),
});

const rates = [
  "serverUsdPerGpu",
  "rentUsdPerGpuHour",
  "installShare",
  "priceChangePerYear",
  "valueLossPerYear",
] as const;
const moreRates = ["lifeMonths", "discountRate", "facilityUsdPerKwMonth", "pue", "usdPerKwh", "engineersBase"] as const;
const lastRates = ["engineersPerThousandGpus", "usdPerEngineerYear", "supportShare", "softwareUsdPerGpuYear"] as const;
const rentRates = [
  "rentChangePerYear",
  "reserveDiscount",
  "cloudAdderShare",
  "cloudEngineerShare",
  "engineersOnRota",
  "cloudRotaShare",
  "utilisation",
] as const;

/** Rates that a plan may give; US dollars and shares, see the defaults in the report. */
export const givenRates = [...rates, ...moreRates, ...lastRates, ...rentRates] as const;

export type GivenRate = (typeof givenRates)[number];

const costSchema = z.partialRecord(z.enum(givenRates), uncertainSchema);

const offerSchema = z.strictObject({
  name: nameSchema,
  kind: z.enum(["buy", "rent", "reserve"]),
  country: countrySchema,
  isolation: z.enum(isolationLevels),
  certifications: z.array(nameSchema).max(50).default([]),
  usdPerGpuHour: uncertainSchema
    .optional()
    .describe("What this offer asks for a GPU-hour: on demand to rent, under the contract to reserve; none to buy."),
});

const workloadSchema = z
  .strictObject({
    name: nameSchema,
    unit: nameSchema.optional().describe("What is counted: tokens, images, rows; tokens of answers of a served model."),
    memory: sizeSchema.optional().describe("Memory of one replica with its caches."),
    targetPerSecond: z.number(),
    throughput: z.record(nameSchema, z.number()).optional().describe("Units a second of one GPU, by GPU."),
    served: servedSchema
      .optional()
      .describe("Instead of unit, memory and throughput: every priced GPU is planned for it."),
  })
  .refine(
    ({ unit, memory, throughput, served }) =>
      [unit, memory, throughput].every((each) => (each === undefined) === (served !== undefined)),
    { message: "give unit, memory and throughput, or the served model that GPUs are compared for instead of them" },
  );

/** The most of a trace that is read, characters. */
const traceTextMax = 4_000_000;

const traceSchema = z
  .strictObject({
    file: z
      .string()
      .min(1)
      .max(1000)
      .optional()
      .describe("Path of the trace, beside the plan; the command line reads it."),
    text: z.string().min(1).max(traceTextMax).optional().describe("Instead of a file: its rows."),
    format: z.enum(traceFormats).default("own").describe("As of `millwright simulate`."),
    policy: z.enum(policyNames).default("millwright").describe("How the scheduler serves the queue."),
    waitTarget: durationSchema.default("15m").describe("Workloads shall start within this time."),
    waitShare: z.number().min(0.5).max(1).default(0.95).describe("Share of the workloads that shall do so."),
    serversMax: z.int().min(1).max(10_000).default(2000).describe("Fleets beyond this are not looked at."),
  })
  .refine((trace) => (trace.file === undefined) !== (trace.text === undefined), {
    message: "give file or text, one of the two",
  })
  .describe("A queue, recorded or made up: it is packed with the scheduling engine beside the formula.");

/** A figure of the plan that nobody wrote: it was read from the platform. */
export const inferredSchema = z.strictObject({
  path: nameSchema,
  value: z.number(),
  unit: nameSchema,
  source: z.string().min(1).max(400),
});

const trainingSchema = z
  .strictObject({
    model: nameSchema.optional().describe("The model of a stage that names it as trained: its run is priced."),
    tokensPerRun: z.number().optional(),
    tokensPerSecondPerGpu: z.number().optional(),
    gpus: z.number().optional(),
  })
  .refine(
    ({ model, ...run }) => {
      const figures = [run.tokensPerRun, run.tokensPerSecondPerGpu, run.gpus];
      return figures.every((figure) => (figure === undefined) === (model !== undefined));
    },
    { message: "give tokensPerRun, tokensPerSecondPerGpu and gpus, or the model of a trained stage instead of them" },
  )
  .describe("One training run, to price it; absent: the largest that a stage names as trained, if one does.");

/** A whole fleet as a user writes it in `plan.yaml`. What is absent is assumed, and listed in the answer. */
export const planSchema = z.strictObject({
  name: nameSchema,
  startMonth: z
    .string()
    .regex(/^(19[7-9]|20\d)\d-(0[1-9]|1[0-2])$/, "write year (1970 to 2099) and month, such as 2026-12")
    .describe("First month of the plan."),
  horizonMonths: z
    .int({ error: horizonWords })
    .min(horizonMonthsMin, horizonWords)
    .max(horizonMonthsMax, horizonWords)
    .optional(),
  fleet: z.strictObject({
    gpu: nameSchema,
    gpus: z.number().optional().describe("GPUs at the start; sized from the demand if absent."),
    growth: z.enum(["hold", "buy"]).optional().describe("hold: the fleet stays as it is; buy: it follows the demand."),
  }),
  demand: z.strictObject({
    quantile: z.number().optional().describe("Demand is met in this share of futures, such as 0.95."),
    correlation: shareSchema.optional(),
    headroomShare: z.number().optional(),
    stepMonths: z.number().optional().describe("Months between purchases."),
    leadMonths: z.number().optional().describe("Months from the decision to buy until the servers work."),
    stages: z.array(stageSchema).min(1, "give one stage at least, with what it asks for").max(stagesMax),
  }),
  trace: traceSchema.optional(),
  network: networkSchema.prefault({}),
  storage: storageSchema.prefault({}),
  facility: facilitySchema.prefault({}),
  reliability: reliabilitySchema.prefault({}),
  cost: costSchema.default({}),
  training: trainingSchema.optional(),
  serving: z
    .strictObject({ tokensPerSecondPerGpu: z.number() })
    .optional()
    .describe(
      "Tokens that one GPU serves in a second at its working load, to price them; absent: of the largest served model.",
    ),
  offers: z
    .array(offerSchema)
    .max(50)
    .default([])
    .describe("Where GPUs could come from; buy, rent and reserve if absent."),
  compliance: z
    .strictObject({
      residency: z.array(countrySchema).max(100).default([]),
      isolation: z.enum(isolationLevels).default("shared"),
      certifications: z.array(nameSchema).max(20).default([]),
    })
    .prefault({}),
  operations: z
    .strictObject({
      coverage: z.enum(["office-hours", "around-the-clock"]).optional(),
      engineersAvailable: z.number().optional(),
    })
    .prefault({}),
  workloads: z.array(workloadSchema).max(workloadsMax).default([]),
  accelerators: z
    .array(acceleratorSchema)
    .max(50)
    .default([])
    .describe("Servers that the catalog lacks, or with your prices."),
  switches: z
    .array(switchSchema)
    .max(50)
    .default([])
    .describe("Switches that the catalog lacks, or with your prices; the first that has the rate is taken."),
  inferred: z
    .array(inferredSchema)
    .max(2000)
    .default([])
    .describe("Figures of this plan that were read from the platform; listed among the assumptions."),
  simulation: z.strictObject({ seed: z.int().optional(), draws: z.int().optional() }).prefault({}),
});

export type Plan = Readonly<z.output<typeof planSchema>>;
export type PlanStage = Plan["demand"]["stages"][number];
