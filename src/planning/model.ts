import * as z from "zod";
import { policyNames, traceFormats } from "../scheduling/simulator/model.ts";
import { isolationLevels } from "./advice/keep-compliant.ts";
import { planDefaults } from "./assumptions/defaults.ts";
import { ifAbsent } from "./assumptions/if-absent.ts";
import { durationSchema, nameSchema, shareSchema, sizeSchema, uncertainSchema } from "./plan-figures.ts";
import { acceleratorSchema, switchSchema } from "./fleet/plan-hardware.ts";
import { costSchema } from "./fleet/plan-rates.ts";
import { facilitySchema, networkSchema, reliabilitySchema, storageSchema } from "./fleet/plan-site.ts";
import { servedSchema, stageSchema } from "./fleet/plan-stages.ts";

const countrySchema = z.string().regex(/^[A-Z]{2}$/, "write the two-letter code of a country, such as DE");

/** Limits of what one plan may ask for. */
const stagesMax = 30;
const workloadsMax = 50;
const horizonMonthsMin = 12;
const horizonMonthsMax = 84;
const horizonWords = `write whole months, ${horizonMonthsMin} to ${horizonMonthsMax}`;

const offerSchema = z.strictObject({
  name: nameSchema.describe("Shown in the report, such as the provider's name."),
  kind: z.enum(["buy", "rent", "reserve"]).describe("Servers of your own, GPUs on demand, or GPUs under a contract."),
  country: countrySchema.describe("Where the GPUs stand, such as DE."),
  isolation: z
    .enum(isolationLevels)
    .describe("Machines that others share, that are rented for you alone, or that are your own."),
  certifications: z.array(nameSchema).max(50).default([]).describe("What it holds, such as [ISO 27001]."),
  usdPerGpuHour: uncertainSchema
    .optional()
    .describe("What this offer asks for a GPU-hour: on demand to rent, under the contract to reserve; none to buy."),
});

const workloadSchema = z
  .strictObject({
    name: nameSchema.describe("Shown in the report."),
    unit: nameSchema.optional().describe("What is counted: tokens, images, rows; tokens of answers of a served model."),
    memory: sizeSchema.optional().describe("Memory of one replica with its caches."),
    targetPerSecond: z.number().describe("Units a second that are wanted of all replicas together."),
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
  path: nameSchema.describe("The field of the plan, such as demand.stages[0].gpus."),
  value: z.number().describe("What was read."),
  unit: nameSchema.describe("Of the value, such as GPUs."),
  source: z.string().min(1).max(400).describe("Where it was read, in words."),
});

const trainingSchema = z
  .strictObject({
    model: nameSchema.optional().describe("The model of a stage that names it as trained: its run is priced."),
    tokensPerRun: z.number().optional().describe("Tokens that the run trains on, such as 300e9."),
    tokensPerSecondPerGpu: z.number().optional().describe("Tokens that one GPU trains on in a second."),
    gpus: z.number().optional().describe("GPUs of the run."),
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
  name: nameSchema.describe("Title of the report."),
  startMonth: z
    .string()
    .regex(/^(19[7-9]|20\d)\d-(0[1-9]|1[0-2])$/, "write year (1970 to 2099) and month, such as 2026-12")
    .describe("First month of the plan, such as 2026-12."),
  horizonMonths: z
    .int({ error: horizonWords })
    .min(horizonMonthsMin, horizonWords)
    .max(horizonMonthsMax, horizonWords)
    .optional()
    .describe(`Months that are planned; ${ifAbsent(planDefaults.horizonMonths)}`),
  fleet: z
    .strictObject({
      gpu: nameSchema.describe("A priced GPU of the catalog, such as H100, or of the plan's own accelerators."),
      gpus: z.number().optional().describe("GPUs at the start; sized from the demand if absent."),
      growth: z
        .enum(["hold", "buy"])
        .optional()
        .describe("hold (if gpus are given): the fleet stays as it is; buy (if not): it follows the demand."),
    })
    .describe("The GPUs of the fleet, and how many there are at the start."),
  demand: z
    .strictObject({
      quantile: z
        .number()
        .optional()
        .describe(`Demand is met in this share of futures; ${ifAbsent(planDefaults.quantile)}`),
      correlation: shareSchema
        .optional()
        .describe(`How far the growth of stages moves together, 0 to 1; ${ifAbsent(planDefaults.correlation)}`),
      headroomShare: z
        .number()
        .optional()
        .describe(`GPUs kept free, over the demand; ${ifAbsent(planDefaults.headroomShare)}`),
      stepMonths: z
        .number()
        .optional()
        .describe(`Months between purchases; ${ifAbsent(planDefaults.stepMonths)}`),
      leadMonths: z
        .number()
        .optional()
        .describe(`Months from the decision to buy until the servers work; ${ifAbsent(planDefaults.leadMonths)}`),
      stages: z
        .array(stageSchema)
        .min(1, "give one stage at least, with what it asks for")
        .max(stagesMax)
        .describe("What needs GPUs, each with one load."),
    })
    .describe("What the fleet must carry, and how surely."),
  trace: traceSchema.optional(),
  network: networkSchema.prefault({}).describe("The network between servers; what is left out is chosen and listed."),
  storage: storageSchema
    .prefault({})
    .describe(
      "What is stored; checkpoints and served weights that are left out follow from the models that stages name.",
    ),
  facility: facilitySchema.prefault({}).describe("Racks and power of the hall."),
  reliability: reliabilitySchema.prefault({}).describe("How often jobs and servers fail, and what a failure takes."),
  cost: costSchema.default({}).describe("Prices and rates; each that is left out is assumed and listed."),
  training: trainingSchema.optional(),
  serving: z
    .strictObject({ tokensPerSecondPerGpu: z.number().describe("Tokens of answers, such as 2500.") })
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
      residency: z
        .array(countrySchema)
        .max(100)
        .default([])
        .describe("Countries where data may lie, such as [DE, FR]; anywhere if empty."),
      isolation: z.enum(isolationLevels).default("shared").describe("The least that an offer must have."),
      certifications: z.array(nameSchema).max(20).default([]).describe("What an offer must hold, such as [ISO 27001]."),
    })
    .prefault({})
    .describe("Rules that leave offers out."),
  operations: z
    .strictObject({
      coverage: z
        .enum(["office-hours", "around-the-clock"])
        .optional()
        .describe("When somebody must act on a failure; office-hours if absent."),
      engineersAvailable: z
        .number()
        .optional()
        .describe("People at hand; if absent as many as are needed can be hired."),
    })
    .prefault({})
    .describe("Who runs the fleet, and when."),
  workloads: z
    .array(workloadSchema)
    .max(workloadsMax)
    .default([])
    .describe("Workloads for which GPUs are compared by the price of a result."),
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
  simulation: z
    .strictObject({
      seed: z
        .int()
        .optional()
        .describe(`The same seed repeats the answer; ${ifAbsent(planDefaults.seed)}`),
      draws: z
        .int()
        .optional()
        .describe(`Futures that are drawn; ${ifAbsent(planDefaults.draws)}`),
    })
    .prefault({})
    .describe("How costs are drawn from what is not known exactly."),
});

export type Plan = Readonly<z.output<typeof planSchema>>;
export type PlanStage = Plan["demand"]["stages"][number];
