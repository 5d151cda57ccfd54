import { batchedPrefillTime, decodeTime, servingContextOf } from "../../src/planning/inference/iteration-time.ts";
import type { Engine, RequestShape, ServingJob, ServingLayout } from "../../src/planning/inference/serving-job.ts";

/** Workers of a split serving: how each side is laid out, and how many there are. */
export interface SplitWorkers {
  readonly prefill: ServingLayout;
  readonly decode: ServingLayout;
  readonly prefillWorkers: number;
  readonly decodeWorkers: number;
}

/** What a row says of a split serving whose workers it does not count. */
export interface SplitHint {
  /** Accelerators of one prefill and of one decode worker; undefined where only all of them together are known. */
  readonly prefillGpus: number | undefined;
  readonly decodeGpus: number | undefined;
  readonly gpus: number | undefined;
}

/**
 * Tokens in flight up to which operators split one sequence's heads over a worker, for quick answers; beyond, they spread
 * attention by sequence, for many. Read off the 183 rows that count their workers.
 */
const quickTokensMax = 1e6;
/** Accelerators of a worker that answers quickly; how many of those stand behind one prefill worker. */
const quickGpusMax = 8;
const quickWorkers = (engine: Engine, gpus: number): number => (engine === "trtllm" ? 4 : gpus > 4 ? 1 : 2);
/** Prefill workers run this full at most, and all workers stay within one rack. */
const prefillLoad = 0.9;
const rackGpus = 72;

const split = (gpus: number): ServingLayout => ({ tensor: gpus, attentionData: 1, expert: 1, pipeline: 1 });
const spread = (gpus: number): ServingLayout => ({ tensor: 1, attentionData: gpus, expert: gpus, pipeline: 1 });

/** Prompts a second of one prefill worker. */
function prefillRate(jobOf: (layout: ServingLayout) => ServingJob, layout: ServingLayout, shape: RequestShape): number {
  return 1 / batchedPrefillTime(servingContextOf(jobOf(layout)), shape.inputTokens);
}

/** Requests a second that decode workers end when nothing holds them up. */
function decodeRate(
  jobOf: (layout: ServingLayout) => ServingJob,
  layout: ServingLayout,
  workers: number,
  shape: RequestShape,
  concurrency: number,
): number {
  const each = Math.max(1, concurrency / workers);
  const step = decodeTime(servingContextOf(jobOf(layout)), each, shape.inputTokens + shape.outputTokens / 2);
  return concurrency / (shape.outputTokens * step);
}

/**
 * The workers that an operator would run for a load: few tokens in flight get whole workers for few sequences, many get
 * attention spread by sequence and as many prefill workers as keep up with the decode workers.
 */
export function usualWorkers(
  jobOf: (layout: ServingLayout) => ServingJob,
  hint: SplitHint,
  shape: RequestShape,
  concurrency: number,
): SplitWorkers {
  const { engine, precision } = jobOf(split(1));
  const isQuick = concurrency * (shape.inputTokens + shape.outputTokens / 2) <= quickTokensMax;
  const prefillGpus = hint.prefillGpus ?? (precision === "fp4" ? 4 : 8);
  const quickGpus = hint.decodeGpus ?? (engine === "trtllm" ? quickGpusMax : 4);
  if (isQuick && quickGpus <= 2 * quickGpusMax) {
    const decodeWorkers =
      hint.gpus === undefined ? quickWorkers(engine, quickGpus) : Math.floor((hint.gpus - prefillGpus) / quickGpus);
    const layouts = { prefill: split(prefillGpus), decode: split(quickGpus) };
    return { ...layouts, prefillWorkers: 1, decodeWorkers: Math.max(1, decodeWorkers) };
  }
  const prefill = spread(prefillGpus);
  const supply = prefillRate(jobOf, prefill, shape);
  if (hint.gpus !== undefined) return shareOut(jobOf, hint.gpus, prefill, supply, shape, concurrency);
  const decode = spread(hint.decodeGpus ?? 32);
  const demand = decodeRate(jobOf, decode, 1, shape, concurrency);
  const needed = Math.ceil(demand / (supply * prefillLoad));
  const room = Math.floor((rackGpus - decode.attentionData) / prefillGpus);
  return { prefill, decode, prefillWorkers: Math.max(1, Math.min(room, needed)), decodeWorkers: 1 };
}

/** Divides accelerators so that the slower side is as fast as can be. */
function shareOut(
  jobOf: (layout: ServingLayout) => ServingJob,
  gpus: number,
  prefill: ServingLayout,
  supply: number,
  shape: RequestShape,
  concurrency: number,
): SplitWorkers {
  const prefillGpus = prefill.attentionData;
  const choices = [8, 16, 24, 32, 48, 64]
    .filter((decodeGpus) => decodeGpus + prefillGpus <= gpus)
    .map((decodeGpus) => {
      const prefillWorkers = Math.max(1, Math.floor((gpus - decodeGpus) / prefillGpus));
      const demand = decodeRate(jobOf, spread(decodeGpus), 1, shape, concurrency);
      return { decodeGpus, prefillWorkers, rate: Math.min(demand, prefillWorkers * supply * prefillLoad) };
    });
  const best = choices.reduce((one, other) => (other.rate > one.rate * 1.001 ? other : one), {
    decodeGpus: Math.max(1, gpus - prefillGpus),
    prefillWorkers: 1,
    rate: 0,
  });
  return { prefill, decode: spread(best.decodeGpus), prefillWorkers: best.prefillWorkers, decodeWorkers: 1 };
}
