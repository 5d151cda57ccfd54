import { z } from "zod";
import { Fault } from "../base/fault.ts";
import { seededRandom } from "../base/random.ts";
import { findAccelerator, parseAccelerators } from "./catalog/find-accelerator.ts";
import { usualInterconnect } from "./catalog/find-interconnect.ts";
import { findModel, parseModels } from "./catalog/find-model.ts";
import { readHuggingFaceConfig } from "./catalog/hugging-face-config.ts";
import { type ErrorStatement, errorStatements } from "./error-statement.ts";
import { predictServing, type ServingPrediction } from "./inference/predict-serving.ts";
import { type ReplicaCount, replicasForLoad } from "./inference/replicas-for-load.ts";
import { predictSaturated, type SaturatedThroughput } from "./inference/saturated-throughput.ts";
import type { RequestShape, ServingJob } from "./inference/serving-job.ts";
import { replicaGpus } from "./inference/serving-job.ts";
import { type ServingMemory, servingMemory } from "./inference/serving-memory.ts";
import { type SimulatedServing, simulateServing } from "./inference/simulate-serving.ts";

const count = z.int().min(1).max(1_000_000);
const positive = z.number().positive();

/** One question about serving a model; what is left out is assumed and listed in the answer. */
export const inferenceQuestionSchema = z.strictObject({
  model: z.string().min(1),
  /** A Hugging Face `config.json` of the model, as parsed JSON, in place of the catalog's shape. */
  modelConfig: z.unknown().optional(),
  accelerator: z.string().min(1),
  engine: z.enum(["trtllm", "vllm", "sglang"]).default("vllm"),
  precision: z.enum(["bf16", "fp8", "fp4"]).default("bf16"),
  kvPrecision: z.enum(["bf16", "fp8"]).optional(),
  /** Accelerators that split one sequence; the fewest that hold the model when left out. */
  tensor: count.optional(),
  attentionData: count.default(1),
  expert: count.default(1),
  gpusPerNode: count.default(8),
  inputTokens: count,
  outputTokens: count,
  /** Share of each prompt that a prefix cache holds already. */
  cachedShare: z.number().min(0).max(0.99).default(0),
  /** Tokens that speculative decoding yields a step, and what the draft costs, as a share of a step. */
  tokensPerStep: z.number().min(1).max(16).default(1),
  draftShare: z.number().min(0).max(2).default(0),
  concurrency: count.default(32),
  /** Peak requests a second of the whole service, with the goals that a share of them must keep. */
  peakPerSecond: positive.optional(),
  ttftSeconds: positive.default(2),
  tpotSeconds: positive.default(0.1),
  goodShare: z.number().min(0.5).max(0.999).default(0.95),
  ownAccelerators: z.unknown().optional(),
  ownModels: z.unknown().optional(),
});

type Question = z.infer<typeof inferenceQuestionSchema>;

/** The answer: one replica in a closed loop, saturated, and simulated under its share of the peak. */
export interface InferenceAnswer {
  readonly tensor: number;
  readonly memory: ServingMemory;
  readonly closedLoop: ServingPrediction;
  readonly saturated: SaturatedThroughput;
  readonly replicas?: ReplicaCount & { readonly gpus: number; readonly atPeak: SimulatedServing };
  /** How wrong such estimates were on measured servings. */
  readonly errors: readonly ErrorStatement[];
  readonly assumptions: readonly string[];
}

const simulatedRequests = 2000;
const seed = 20_261;

function jobOf(question: Question, tensor: number): ServingJob {
  const accelerator = findAccelerator(question.accelerator, parseAccelerators(question.ownAccelerators ?? []));
  const model =
    question.modelConfig === undefined
      ? findModel(question.model, parseModels(question.ownModels ?? []))
      : readHuggingFaceConfig(question.model, question.modelConfig);
  const domainGpus = Math.max(question.gpusPerNode, accelerator.scaleUpGpus);
  return {
    model,
    accelerator,
    domainGpus,
    domainBytesPerSecond: (usualInterconnect(accelerator).nodeGbPerSecond * 1e9 * domainGpus) / question.gpusPerNode,
    precision: question.precision,
    kvPrecision: question.kvPrecision ?? (question.precision === "bf16" ? "bf16" : "fp8"),
    engine: question.engine,
    layout: { tensor, attentionData: question.attentionData, expert: question.expert, pipeline: 1 },
    tokensPerStep: question.tokensPerStep,
    draftShare: question.draftShare,
  };
}

/** The benchmark's class of servings that a model's error is read from. */
function servingTable(job: ServingJob): string {
  return `inference_silicon (${job.model.experts === undefined ? "dense" : "experts"})`;
}

/** The fewest accelerators of one node that hold the model and one request; all of a node when none do. */
function smallestTensor(question: Question, shape: RequestShape): number {
  const heads = jobOf(question, 1).model.attention.heads;
  const sizes = [1, 2, 4, 8, 16].filter(
    (tensor) => heads % tensor === 0 && tensor <= Math.max(8, question.gpusPerNode),
  );
  return sizes.find((tensor) => servingMemory(jobOf(question, tensor), shape).requestsMax >= 4) ?? sizes.at(-1) ?? 1;
}

function replicasOf(question: Question, job: ServingJob, shape: RequestShape): Pick<InferenceAnswer, "replicas"> {
  if (question.peakPerSecond === undefined) return {};
  const goal = { ttftSeconds: question.ttftSeconds, tpotSeconds: question.tpotSeconds };
  const needed = replicasForLoad({ job, shape }, goal, question.peakPerSecond, question.goodShare, () =>
    seededRandom(seed),
  );
  const load = { kind: "open", perSecond: question.peakPerSecond / needed.replicas } as const;
  const atPeak = simulateServing({ job, shape, goal, load, requests: simulatedRequests }, seededRandom(seed));
  return { replicas: { ...needed, gpus: needed.replicas * replicaGpus(job.layout), atPeak } };
}

/**
 * Answers one question about serving a model.
 *
 * @param value the question as parsed from YAML or JSON, checked here.
 * @throws {Fault} `planning.request-invalid`, or one of the catalog's and the layout's faults.
 */
export function sizeInference(value: unknown): InferenceAnswer {
  const parsed = inferenceQuestionSchema.safeParse(value);
  if (!parsed.success) {
    throw new Fault("planning.request-invalid", `the question cannot be read: ${z.prettifyError(parsed.error)}`);
  }
  const question = parsed.data;
  const shape = {
    inputTokens: question.inputTokens,
    outputTokens: question.outputTokens,
    cachedShare: question.cachedShare,
  };
  const tensor = question.tensor ?? smallestTensor(question, shape);
  const job = jobOf(question, tensor);
  const closedLoop = predictServing(job, shape, question.concurrency);
  const given = new Set(Object.keys(z.record(z.string(), z.unknown()).parse(value)));
  const assumed = Object.entries({ ...question, tensor, kvPrecision: job.kvPrecision })
    .filter(([name, each]) => !given.has(name) && each !== undefined && typeof each !== "object")
    .map(([name, each]) => `${name} was not given: ${String(each)} is assumed`);
  return {
    tensor,
    memory: servingMemory(job, shape),
    closedLoop,
    saturated: predictSaturated(job, shape),
    ...replicasOf(question, job, shape),
    errors: ["TPOT", "TTFT"].flatMap((metric) => errorStatements([{ table: servingTable(job), metric }])),
    assumptions: [...assumed, ...closedLoop.assumptions],
  };
}
