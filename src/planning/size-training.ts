import { z } from "zod";
import { Fault } from "../base/fault.ts";
import { findAccelerator, parseAccelerators } from "./catalog/find-accelerator.ts";
import { findInterconnect, usualInterconnect } from "./catalog/find-interconnect.ts";
import { findModel, parseModels } from "./catalog/find-model.ts";
import { readHuggingFaceConfig } from "./catalog/hugging-face-config.ts";
import { type ErrorStatement, errorStatements } from "./error-statement.ts";
import { type Goodput, predictGoodput } from "./training/goodput.ts";
import { predictTrainingMemory, type TrainingMemory } from "./training/memory.ts";
import { type LayoutSearch, searchLayouts } from "./training/search-layouts.ts";
import { predictStepTime, type StepTime } from "./training/step-time.ts";
import { type Layout, layoutSchema, type TrainingJob } from "./training/training-job.ts";

const count = z.int().min(1).max(10_000_000);
const positive = z.number().positive();

/** One question about a training run; what is left out is assumed and listed in the answer. */
export const trainingQuestionSchema = z.strictObject({
  model: z.string().min(1),
  /** A Hugging Face `config.json` of the model, as parsed JSON, in place of the catalog's shape. */
  modelConfig: z.unknown().optional(),
  accelerator: z.string().min(1),
  gpus: count,
  gpusPerNode: count.default(8),
  /** Name of the node's network in the catalog, or GB/s (bytes) out of one node. */
  network: z.union([z.string(), positive]).optional(),
  precision: z.enum(["bf16", "fp8", "fp4"]).default("bf16"),
  sequenceTokens: count.default(4096),
  globalSequences: count,
  stack: z.enum(["megatron-classic", "megatron-core", "fsdp", "maxtext"]).default("megatron-core"),
  isLora: z.boolean().default(false),
  layout: layoutSchema.optional(),
  /** Tokens to train on: gives wall time and, with failures, goodput. */
  tokens: positive.optional(),
  gpuHoursPerInterruption: positive.default(50_700),
  checkpointSeconds: z.number().min(0).default(30),
  restartSeconds: z.number().min(0).default(600),
  ownAccelerators: z.unknown().optional(),
  ownModels: z.unknown().optional(),
});

/** The answer: the step, its memory, the search where no layout was given, and the whole run's time. */
export interface TrainingAnswer {
  readonly layout: Layout;
  readonly step: StepTime;
  readonly memory: TrainingMemory;
  readonly search?: LayoutSearch;
  readonly goodput: Goodput;
  /** Days of wall time for `tokens`, with the 80 % interval of the step. */
  readonly days?: { readonly low: number; readonly likely: number; readonly high: number };
  /** How wrong such estimates were on measured runs. */
  readonly errors: readonly ErrorStatement[];
  readonly assumptions: readonly string[];
}

/** The benchmark's class of runs that a stack's error is read from. */
function errorClassOf(job: Pick<TrainingJob, "stack" | "model">): string {
  if (job.stack === "fsdp") return "training (FSDP)";
  if (job.stack === "megatron-classic") return "training (vTrain)";
  return job.model.experts === undefined ? "training (Megatron, dense)" : "training (Megatron, experts)";
}

type Question = z.infer<typeof trainingQuestionSchema>;

const secondsPerDay = 86_400;

function jobOf(question: Question): Omit<TrainingJob, "layout"> {
  const accelerator = findAccelerator(question.accelerator, parseAccelerators(question.ownAccelerators ?? []));
  const { network } = question;
  const named = typeof network === "string" ? findInterconnect(network) : usualInterconnect(accelerator);
  const model =
    question.modelConfig === undefined
      ? findModel(question.model, parseModels(question.ownModels ?? []))
      : readHuggingFaceConfig(question.model, question.modelConfig);
  return {
    model,
    accelerator,
    domainGpus: Math.min(
      question.gpus,
      Math.max(1, accelerator.scaleUpGpus > 8 ? accelerator.scaleUpGpus : question.gpusPerNode),
    ),
    domainBytesPerSecond: (typeof network === "number" ? network : named.nodeGbPerSecond) * 1e9,
    precision: question.precision,
    sequenceTokens: question.sequenceTokens,
    globalSequences: question.globalSequences,
    stack: question.stack,
    isLora: question.isLora,
  };
}

function assumptionsOf(question: Question, given: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(question)
    .filter(([name, value]) => value !== undefined && given[name] === undefined && typeof value !== "object")
    .map(([name, value]) => `${name} was not given: ${String(value)} is assumed`);
}

/**
 * Answers one question about a training run.
 *
 * @param value the question as parsed from YAML or JSON, checked here.
 * @throws {Fault} `planning.request-invalid`, or one of the catalog's and the layout's faults.
 */
export function sizeTraining(value: unknown): TrainingAnswer {
  const parsed = trainingQuestionSchema.safeParse(value);
  if (!parsed.success) {
    throw new Fault("planning.request-invalid", `the question cannot be read: ${z.prettifyError(parsed.error)}`);
  }
  const question = parsed.data;
  const job = jobOf(question);
  const search = question.layout === undefined ? searchLayouts(job, question.gpus) : undefined;
  const layout = question.layout ?? search?.best[0]?.layout;
  if (layout === undefined) throw new RangeError("a search that found nothing did not say so");
  const step = predictStepTime({ ...job, layout });
  const goodput = predictGoodput({
    gpus: question.gpus,
    gpuHoursPerInterruption: question.gpuHoursPerInterruption,
    checkpointSeconds: question.checkpointSeconds,
    restartSeconds: question.restartSeconds,
  });
  const daysOf = (seconds: number): number =>
    ((question.tokens ?? 0) / (question.globalSequences * question.sequenceTokens)) *
    (seconds / goodput.ratio / secondsPerDay);
  return {
    layout,
    step,
    memory: predictTrainingMemory({ ...job, layout }),
    ...(search === undefined ? {} : { search }),
    goodput,
    ...(question.tokens === undefined
      ? {}
      : { days: { low: daysOf(step.low), likely: daysOf(step.seconds), high: daysOf(step.high) } }),
    errors: errorStatements([
      { table: errorClassOf(job), metric: "step time" },
      { table: "training_throughput", metric: "peak memory" },
    ]),
    assumptions: [...assumptionsOf(question, z.record(z.string(), z.unknown()).parse(value)), ...step.assumptions],
  };
}
