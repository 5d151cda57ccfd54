import { Fault } from "../../base/fault.ts";
import { trainingKernelsOf } from "./training-kernels.ts";
import { predictTrainingMemory, type TrainingMemory } from "./memory.ts";
import { stackConstantsOf } from "./stack-constants.ts";
import { stepSeconds, timingContextOf } from "./step-time.ts";
import { type Layout, layoutProblems, type TrainingJob } from "./training-job.ts";

/** A layout that could run, with its predicted step. */
export interface RankedLayout {
  readonly layout: Layout;
  readonly seconds: number;
  readonly fitProbability: number;
  readonly peakGib: number;
}

/** The best layouts and why the others lost. */
export interface LayoutSearch {
  readonly best: readonly RankedLayout[];
  readonly tried: number;
  /** Layouts that lost, counted by reason. */
  readonly lost: Readonly<Record<string, number>>;
  readonly assumptions: readonly string[];
}

/** Most layouts that one search looks at. */
const layoutsMax = 200_000;
/** Chance of fitting below which a layout counts as not fitting. */
const fitProbabilityMin = 0.5;
const powers = [1, 2, 4, 8, 16, 32, 64, 128];

/** Tokens of a sequence from which it is split at all, and that a rank keeps where more than eight split it. */
const splitTokens = 8192;

/** Degrees of context parallelism that are worth a look for a length of sequences. */
function contextsOf(sequenceTokens: number): readonly number[] {
  if (sequenceTokens < splitTokens) return [1];
  return [1, 2, 4, 8, 16, 32, 64].filter((degree) => degree <= 8 || sequenceTokens / degree >= splitTokens);
}

/** Every layout of `gpus` accelerators worth a look: powers of two per degree, all shardings and recomputations. */
export function* layoutsOf(job: Omit<TrainingJob, "layout">, gpus: number): Generator<Layout> {
  const contexts = contextsOf(job.sequenceTokens);
  const experts = job.model.experts === undefined ? [1] : powers;
  for (const tensor of powers.filter((degree) => degree <= 2 * job.domainGpus)) {
    for (const pipeline of powers) {
      for (const context of contexts) {
        const data = gpus / (tensor * pipeline * context);
        if (!Number.isInteger(data)) continue;
        for (const expert of experts) yield* schedulesOf({ tensor, pipeline, context, expert, data }, job.model.layers);
      }
    }
  }
}

type Degrees = Pick<Layout, "tensor" | "pipeline" | "context" | "expert" | "data">;

function* schedulesOf(degrees: Degrees, layers: number): Generator<Layout> {
  const chunks = degrees.pipeline === 1 ? [1] : [1, 2, 4, 8].filter((count) => layers >= degrees.pipeline * count);
  const shardings = degrees.pipeline === 1 ? (["zero1", "zero3"] as const) : (["zero1"] as const);
  for (const microSequences of [1, 2, 4, 8]) {
    for (const count of chunks) {
      for (const sharding of shardings) {
        for (const recompute of ["none", "selective", "full"] as const) {
          yield { ...degrees, microSequences, chunks: count, sharding, recompute, isSequenceParallel: true };
        }
      }
    }
  }
}

/**
 * Searches all layouts of a number of accelerators for the fastest that fit.
 *
 * @param keep how many of the best to return.
 * @throws {Fault} `planning.layout-impossible` when none divides or none fits, with the reasons counted.
 */
export function searchLayouts(job: Omit<TrainingJob, "layout">, gpus: number, keep = 5): LayoutSearch {
  const kernels = trainingKernelsOf(job.accelerator, job.precision);
  const stack = stackConstantsOf(job);
  const lost = new Map<string, number>();
  const lose = (reason: string): void => void lost.set(reason, (lost.get(reason) ?? 0) + 1);
  const runnable: RankedLayout[] = [];
  let leanest: TrainingMemory | undefined;
  let tried = 0;
  for (const layout of layoutsOf(job, gpus)) {
    if (tried >= layoutsMax) break;
    tried += 1;
    const asked = { ...job, layout };
    const [problem] = layoutProblems(asked);
    if (problem !== undefined) {
      lose(`does not divide: ${problem.replaceAll(/ ?\d+ ?/g, " ").trim()}`);
      continue;
    }
    const memory = predictTrainingMemory(asked);
    if (memory.fitProbability < fitProbabilityMin) {
      lose("does not fit in memory");
      if (memory.peakGib < (leanest?.peakGib ?? Number.POSITIVE_INFINITY)) leanest = memory;
      continue;
    }
    const seconds = stepSeconds(timingContextOf(asked, kernels, stack));
    runnable.push({ layout, seconds, fitProbability: memory.fitProbability, peakGib: memory.peakGib });
  }
  const ranked = runnable.toSorted((left, right) => left.seconds - right.seconds);
  if (ranked.length === 0) throw nothingRuns(job, { gpus, tried, leanest, reasons: Object.fromEntries(lost) });
  for (const _slower of ranked.slice(keep)) lose("slower than the best");
  return { best: ranked.slice(0, keep), tried, lost: Object.fromEntries(lost), assumptions: kernels.fallbacks };
}

/** Accelerators beyond which nobody is sent. */
const gpusMax = 65_536;

/** The fewest accelerators, in doublings, on which a layout that saves memory where it can fits; undefined: none does. */
function fewestThatHold(job: Omit<TrainingJob, "layout">, gpus: number): number | undefined {
  for (let more = 2; gpus * more <= gpusMax; more *= 2) {
    const wider = { ...job, globalSequences: job.globalSequences * more };
    for (const layout of layoutsOf(wider, gpus * more)) {
      const asked = { ...wider, layout };
      if (layout.recompute !== "full" || layout.microSequences > 1 || layoutProblems(asked).length > 0) continue;
      if (predictTrainingMemory(asked).fitProbability >= fitProbabilityMin) return gpus * more;
    }
  }
  return undefined;
}

interface Fruitless {
  readonly gpus: number;
  readonly tried: number;
  /** The layout that came nearest to fitting. */
  readonly leanest: TrainingMemory | undefined;
  readonly reasons: Readonly<Record<string, number>>;
}

function nothingRuns(job: Omit<TrainingJob, "layout">, { gpus, tried, leanest, reasons }: Fruitless): Fault {
  const words = Object.entries(reasons)
    .toSorted((left, right) => right[1] - left[1])
    .slice(0, 4)
    .map(([reason, count]) => `${reason} (${count})`);
  const told = words.join("; ") || "no power-of-two degrees divide them";
  const near =
    leanest === undefined
      ? ""
      : `; the leanest needs ${leanest.peakGib.toFixed(1)} of ${leanest.usableGib.toFixed(1)} GiB`;
  const on = `${gpus} accelerator${gpus === 1 ? "" : "s"}`;
  return new Fault(
    "planning.layout-impossible",
    `none of ${tried} layouts on ${on} can run: ${told}${near}; ${adviceFor(job, gpus, leanest)}`,
    {
      details: { gpus, tried, reasons },
    },
  );
}

function adviceFor(job: Omit<TrainingJob, "layout">, gpus: number, leanest: TrainingMemory | undefined): string {
  if (leanest === undefined) return "take a number of accelerators, a batch and a sequence that powers of two divide";
  const fewest = fewestThatHold(job, gpus);
  const more =
    fewest === undefined
      ? "take accelerators with more memory"
      : `take ${fewest} accelerators, the fewest in doublings that hold it`;
  return `${more}, or shorter sequences${leanerWay(job)}`;
}

function leanerWay({ isLora, frozenFormat }: Omit<TrainingJob, "layout">): string {
  if (isLora !== true) return ", or train adapters only (LoRA)";
  return frozenFormat === "int4" ? "" : ", or keep the frozen weights in 4 bits (QLoRA: frozenPrecision int4)";
}
