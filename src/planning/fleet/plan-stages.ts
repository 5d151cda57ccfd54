import * as z from "zod";
import { planDefaults } from "../assumptions/defaults.ts";
import { ifAbsent } from "../assumptions/if-absent.ts";
import { servedFormatSchema } from "../catalog/format-spelling.ts";
import { durationSchema, nameSchema } from "../plan-figures.ts";
import { modelFields } from "../questions/model-fields.ts";
import { runFields } from "../questions/run-fields.ts";

/** A model that is served, instead of what one GPU answers. */
export const servedSchema = z
  .strictObject({
    ...modelFields,
    inputTokens: z.number().describe("Tokens of a prompt, such as 2000."),
    outputTokens: z.number().describe("Tokens of an answer, such as 300."),
    ttftSeconds: z.number().optional().describe("Goal of the time to the first token, seconds; 2 if absent."),
    tpotSeconds: z.number().optional().describe("Goal of the time of each further token, seconds; 0.1 if absent."),
    engine: z.enum(["trtllm", "vllm", "sglang"]).optional().describe("The engine that serves it; vllm if absent."),
    precision: servedFormatSchema
      .optional()
      .describe("Format of the weights; as the model's config.json, its name or its makers tell if absent, else bf16."),
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
    perMonth: z.number().describe("Jobs of the first month."),
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

/** One stage of a plan, with the one load that it asks for. */
export const stageSchema = z
  .strictObject({
    stage: z.enum(["development", "training", "evaluation", "serving", "data"]).describe("What the GPUs are for."),
    name: nameSchema.optional().describe("Shown in the report; the stage's own name if absent."),
    gpus: z.number().optional().describe("GPUs in use at the busiest moment of the first month."),
    jobs: jobsSchema
      .optional()
      .describe("Jobs that come month by month, each with its GPU-hours or the model that it trains."),
    people: z
      .strictObject({
        people: z.number().describe("Those who have a notebook."),
        gpusEach: z.number().describe("GPUs of one notebook, such as 1."),
        activeShare: z
          .number()
          .optional()
          .describe(`Share of them at work at once; ${ifAbsent(planDefaults.activeShare)}`),
      })
      .optional()
      .describe("People with notebooks, and how many of them work at once."),
    requests: z
      .strictObject({
        peakPerSecond: z.number().describe("Requests a second at the busiest moment of the first month."),
        perGpuPerSecond: z.number().optional().describe("Requests a second that one GPU answers within its limits."),
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
    growthPerYear: z
      .number()
      .optional()
      .describe(
        `Growth of the load a year, 0.5: half as much again; at least -1; ${ifAbsent(planDefaults.growthPerYear)}`,
      ),
    growthUncertainty: z
      .number()
      .optional()
      .describe(
        `How wrong the growth may be after a year, over the demand; ${ifAbsent(planDefaults.growthUncertainty)}`,
      ),
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
