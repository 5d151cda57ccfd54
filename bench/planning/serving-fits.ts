import {
  constantsOfValues,
  type EngineColumn,
  type EngineConstants,
  engineColumns,
  engineConstantsOf,
  engineLevelsOf,
  type EngineValues,
  type ServingLoad,
} from "../../src/planning/inference/engine-constants.ts";
import { iterationParts, type Iteration, type IterationParts } from "../../src/planning/inference/iteration-parts.ts";
import { launchTime, slowerOf } from "../../src/planning/inference/launch-time.ts";
import { type ServingContext, servingContextOf, timeOfParts } from "../../src/planning/inference/iteration-time.ts";
import {
  besideQueue,
  firstTokenTime,
  interferenceOf,
  type SteadyState,
  splitSteadyState,
  steadyState,
} from "../../src/planning/inference/predict-serving.ts";
import { closedLoopOf, withPrefills } from "../../src/planning/inference/first-token-loop.ts";
import { runClosedLoop } from "../../src/planning/inference/closed-loop.ts";
import { interruptedShare } from "../../src/planning/inference/request-scheduling.ts";
import type { RequestShape, ServingJob } from "../../src/planning/inference/serving-job.ts";
import { type KernelSet, kernelSetOf } from "../../src/planning/kernels/kernel-set.ts";
import type { LevelFit } from "./fit-levels.ts";
import type { DisaggregatedRow, ServingRow } from "./serving-rows.ts";
import type { ThroughputRow } from "./throughput-rows.ts";

/** A row of either way to serve. */
export type Row = ServingRow | DisaggregatedRow;

/** Constants of the time a token, and of the first token; each fitted on its own. */
export const tokenColumns = engineColumns.slice(0, 16);
export const firstColumns = engineColumns.slice(16);

/**
 * What the constants are worth before any row is seen: kernels as measured, host times of captured graphs, four small kernels a layer to scale activations;
 * a prefill takes 1.12 of its kernels' time (first tokens of lone requests on Ampere and Hopper);
 * a host launches a kernel in 40 microseconds, which is what short prompts on eight accelerators take, whatever the model (33 to 53).
 */
export const priors: EngineValues = {
  gemmBf16: 1,
  gemmFp8: 1,
  gemmFp4: 1,
  expertScale: 1,
  floorShare: 0.2,
  attentionScale: 1,
  reduceScale: 1,
  exchangeScale: 0.9,
  blockScale: 1.1,
  rescaleUs: 8,
  kernelUs: 3.7,
  stepUs: 500,
  sequenceUs: 8,
  prefillScale: 1.12,
  interference: 0.9,
  emulatedScale: 1.2,
  firstMs: 10,
  firstSteps: 1,
  firstShare: 1,
  queueScale: 0.08,
  queuePower: 1,
  launchUs: 40,
};

/** One timed iteration: its parts do not depend on an engine's constants. */
interface Timed {
  readonly context: ServingContext;
  readonly iteration: Iteration;
  readonly parts: IterationParts;
}

/** A measured serving, ready to be fitted: kernels are timed once, the constants many times. */
export interface Prepared {
  readonly levels: readonly string[];
  readonly row: Row;
  readonly decode: Timed;
  readonly prefill: Timed;
  readonly isSplit: boolean;
  readonly running: number;
  readonly decodeWorkers: number;
  readonly prefillWorkers: number;
  readonly loop: LoopTimes | undefined;
}

/** A first token alone (batch 1): it tells what a prefill costs without any queue. */
export interface Alone {
  readonly levels: readonly string[];
  readonly alone: Timed;
  readonly measured: number;
}

const sets = new Map<string, KernelSet>();
const kernelsOf: typeof kernelSetOf = (accelerator, precision, kvPrecision) => {
  const key = `${accelerator.name} ${precision} ${kvPrecision}`;
  const found = sets.get(key) ?? kernelSetOf(accelerator, precision, kvPrecision);
  sets.set(key, found);
  return found;
};

function timed(job: ServingJob, iteration: Iteration): Timed {
  const context = servingContextOf(job, engineConstantsOf(job), kernelsOf);
  return { context, iteration, parts: iterationParts(context, iteration) };
}

const prefillOf = (job: ServingJob, shape: RequestShape): Timed =>
  timed(job, { sequences: job.layout.attentionData, newTokens: Math.max(2, shape.inputTokens), pastTokens: 0 });

/** The steady state that the shipped constants give: where requests run and wait is taken from it. */
function shippedState(row: Row): SteadyState {
  const contextOf = (job: ServingJob): ServingContext =>
    servingContextOf(job, engineConstantsOf(job, loadOf(row)), kernelsOf);
  if (!("prefill" in row)) return steadyState(contextOf(row.job), row.shape, row.concurrency);
  return splitSteadyState(contextOf(row.prefill), contextOf(row.job), row, row.shape, row.concurrency);
}

/** What first tokens of a closed loop wait for, by how slow prefills are against the shipped constants; step and prompt of those. */
interface LoopTimes {
  readonly step: number;
  readonly prompt: number;
  readonly logs: readonly number[];
}

/** Shares of the shipped constants' prefills at which loops are run; between them logarithms are straight lines. */
const loopShares = [0.5, 0.7, 1, 1.4, 2, 2.8, 4].map(Math.log);

function loopTimesOf(row: Row, prefill: Timed, decode: Timed): LoopTimes | undefined {
  if ("prefill" in row) return undefined;
  const engine = engineConstantsOf(row.job, loadOf(row));
  const loop = closedLoopOf(servingContextOf(row.job, engine, kernelsOf), row.shape, row.concurrency);
  if (loop === undefined) return undefined;
  return {
    step: secondsOf(decode, engine),
    prompt: launchedSeconds(prefill, engine),
    logs: loopShares.map((share) => Math.log(runClosedLoop(withPrefills(loop, Math.exp(share))).ttft)),
  };
}

/** Seconds that first tokens of a loop wait for when steps and prompts take as long as said. */
function loopSeconds({ logs, ...shipped }: LoopTimes, step: number, prompt: number): number {
  const slower = step / shipped.step;
  const at = Math.log(prompt / shipped.prompt / slower);
  const above = loopShares.filter((each) => each < at).length;
  const right = Math.max(1, Math.min(loopShares.length - 1, above));
  const [from = 0, to = 1] = loopShares.slice(right - 1, right + 1);
  const [low = 0, high = 0] = logs.slice(right - 1, right + 1);
  return slower * Math.exp(low + ((high - low) * (at - from)) / (to - from));
}

/** How the replica of a row was loaded. */
function loadOf(row: Row): ServingLoad {
  return "prefill" in row ? "split" : (row.shape.load ?? "varied");
}

/** Times the kernels of a row. */
export function prepare(row: Row): Prepared {
  const isSplit = "prefill" in row;
  const decodeWorkers = isSplit ? row.decodeWorkers : 1;
  const { running } = shippedState(row);
  const { inputTokens, outputTokens } = row.shape;
  const sequences = Math.max(1, running / decodeWorkers);
  const decode = timed(row.job, { sequences, newTokens: 1, pastTokens: inputTokens + outputTokens / 2 });
  const prefill = prefillOf(isSplit ? row.prefill : row.job, row.shape);
  return {
    levels: engineLevelsOf(row.job, loadOf(row)),
    row,
    decode,
    prefill,
    loop: loopTimesOf(row, prefill, decode),
    isSplit,
    running,
    decodeWorkers,
    prefillWorkers: isSplit ? row.prefillWorkers : 1,
  };
}

/** Times the kernels of a first token alone. */
export function prepareAlone(row: ThroughputRow): Alone {
  return { levels: engineLevelsOf(row.job, "varied"), alone: prefillOf(row.job, row.shape), measured: row.measured };
}

/** The constants from logarithms of some columns; the others are as before anything was seen. */
export function constantsOfLogs(columns: readonly EngineColumn[], logs: readonly number[]): EngineConstants {
  const values: Record<EngineColumn, number> = { ...priors };
  for (const [at, column] of columns.entries()) values[column] = Math.exp(logs[at] ?? 0);
  return constantsOfValues(values);
}

const secondsOf = ({ context, iteration, parts }: Timed, engine: EngineConstants): number =>
  timeOfParts({ ...context, engine }, iteration, parts);

/** Seconds a prompt of a prefill iteration. */
const prefillSeconds = (prefill: Timed, engine: EngineConstants): number =>
  (secondsOf(prefill, engine) * engine.prefillScale) / prefill.iteration.sequences;

/** Seconds of a prefill iteration of the closed loop: the slower of kernels and launches. */
function launchedSeconds(prefill: Timed, engine: EngineConstants): number {
  const kernels = engine.firstShare * prefillSeconds(prefill, engine) * prefill.iteration.sequences;
  return slowerOf(kernels, launchTime({ ...prefill.context, engine }));
}

/** Seconds of a token after the first, of a step and of a prefill. */
export function tokenTimes(
  { row, decode, prefill, isSplit, running }: Prepared,
  engine: EngineConstants,
): { readonly tpot: number; readonly step: number; readonly prompt: number } {
  const step = secondsOf(decode, engine);
  const prompt = prefillSeconds(prefill, engine);
  const interrupted = isSplit ? 0 : interruptedShare(row.job, row.shape.load ?? "varied");
  const waits = interrupted * interferenceOf(engine, running, prompt, row.shape.outputTokens);
  return { tpot: step / (row.job.tokensPerStep ?? 1) + waits, step, prompt };
}

/** log(predicted / measured) of a token's time, or of a first token alone. */
export function tokenResidual(each: Prepared | Alone, logs: readonly number[]): number {
  const engine = constantsOfLogs(tokenColumns, logs);
  if ("alone" in each) return Math.log(prefillSeconds(each.alone, engine) / each.measured);
  return Math.log(tokenTimes(each, engine).tpot / (each.row.tpot ?? Number.NaN));
}

/** A row whose steps and prefills are known; what its first token waits for is fitted. */
export interface FirstRow {
  readonly levels: readonly string[];
  readonly row: Row;
  readonly step: number;
  readonly own: number;
  readonly others: number;
  readonly queued: number;
  /** Seconds that first tokens of the run of a closed loop wait for, by what its prefills take; undefined: no run tells. */
  readonly loop: ((first: EngineConstants) => number) | undefined;
}

/** What a first token waits for, under constants of the time a token. */
export function firstRow(each: Prepared, engine: EngineConstants): FirstRow {
  const { row, prefill, running, isSplit } = each;
  const { tpot, step, prompt } = tokenTimes(each, engine);
  const ranks = prefill.iteration.sequences;
  const waiting = Math.max(0, row.concurrency - running) / running;
  const { loop } = each;
  return {
    levels: each.levels,
    row,
    step,
    own: prompt * ranks,
    others: running / each.prefillWorkers / ranks - 1,
    queued: waiting * (row.shape.outputTokens * tpot + (isSplit ? 0 : prompt)),
    loop:
      loop === undefined
        ? undefined
        : ({ firstShare, launchUs }) =>
            loopSeconds(loop, step, launchedSeconds(prefill, { ...engine, firstShare, launchUs })),
  };
}

/** log(predicted / measured) of the time to the first token. */
export function firstResidual(each: FirstRow, logs: readonly number[]): number {
  const engine = constantsOfLogs(firstColumns, logs);
  const { loop, step, queued, row } = each;
  const seconds = loop === undefined ? firstTokenTime(engine, each) + queued : besideQueue(engine, step) + loop(engine);
  return Math.log(seconds / (row.ttft ?? Number.NaN));
}

type Pulls = Readonly<Record<string, number>>;

/**
 * How strongly deviations are pulled to nothing, in units of one row's weight; what is not named does not deviate. Chosen by
 * the errors of models on accelerators left out, beside those of models and of accelerators.
 */
const sharedPull = 10_000;
const sharedPulls: Pulls = { emulatedScale: 30 };
const ownPulls: Readonly<Record<string, Pulls>> = {
  together: { reduceScale: 500, expertScale: 3000 },
  kind: { kernelUs: 500, reduceScale: 500, floorShare: 500 },
  attention: { expertScale: 500 },
  family: { floorShare: 500, kernelUs: 500 },
  // What stands between the products of a layer is fused by some engines.
  "engine dense": { kernelUs: 100 },
  // SGLang prefills a wave before it decodes; the others mix.
  "load engine": { interference: 500 },
};
const everyFirst: Pulls = { firstMs: 3, firstSteps: 3, firstShare: 3, queueScale: 3, queuePower: 3 };
const firstPulls: Readonly<Record<string, Pulls>> = {
  run: { firstMs: 3000, firstSteps: 3000, firstShare: 3000, launchUs: 300 },
  "run engine": { firstMs: 1000, firstShare: 1000, launchUs: 300 },
  family: { launchUs: 300 },
  "run kind": { firstMs: 3, firstSteps: 3, firstShare: 1 },
  "run engine kind": { firstMs: 3, firstSteps: 3, firstShare: 3 },
  // Two lineages with experts were measured: what would tell the one from the other is pulled hard.
  "run kind experts": { firstShare: 3000 },
  "run engine kind experts": { firstShare: 9000, launchUs: 3000 },
  load: everyFirst,
  "load engine": everyFirst,
  "load engine kind": everyFirst,
  split: everyFirst,
  "split engine": { queueScale: 30 },
};

const engines = new Set(["vllm", "sglang", "trtllm"]);

/** What a level is one of: `load fixed vllm dense` is a `load engine kind`, `kind experts latent` an `attention`. */
function sortOf(level: string): string {
  const [sort = "", named = "", ...more] = level.split(" ");
  if (sort === "engine") return `${sort} ${more[0]}`;
  if (sort === "kind") return more.length === 0 ? sort : "attention";
  if (sort === "run") {
    if (named === "") return sort;
    const kind = level.endsWith(" experts") ? " experts" : "";
    if (engines.has(named)) return more.length === 0 ? "run engine" : `run engine kind${kind}`;
    return `run kind${kind}`;
  }
  if (sort !== "load") return sort;
  return [named === "split" ? named : sort, ...["engine", "kind"].slice(0, more.length)].join(" ");
}

/** Levels that first tokens do not deviate by: what a run of the closed loop says holds under any engine's load. */
const isRunLoad = (level: string): boolean => level.startsWith("load varied");

/** The fit of the time a token. */
export function tokenFit(weightOf: (row: Prepared | Alone) => number): LevelFit<Prepared | Alone> {
  return {
    columns: tokenColumns,
    prior: tokenColumns.map((column) => Math.log(priors[column])),
    levelsOf: (each) => each.levels,
    pullOf: (level, column) =>
      level === "all" ? (sharedPulls[column] ?? sharedPull) : ownPulls[sortOf(level)]?.[column],
    residual: tokenResidual,
    weightOf,
    scale: 0.08,
  };
}

/** The fit of the time to the first token. */
export function firstFit(weightOf: (row: FirstRow) => number): LevelFit<FirstRow> {
  return {
    columns: firstColumns,
    prior: firstColumns.map((column) => Math.log(priors[column])),
    levelsOf: (each) => each.levels,
    pullOf: (level, column) => (isRunLoad(level) ? undefined : firstPulls[sortOf(level)]?.[column]),
    residual: firstResidual,
    weightOf,
    // Narrow beside errors of 0.2: what most rows agree on counts, not how far off the others are.
    scale: 0.05,
    forgets: true,
  };
}
