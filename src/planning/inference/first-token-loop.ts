import type { ClosedLoop, IterationCosts } from "./closed-loop.ts";
import { decodeTime, iterationTime, type ServingContext } from "./iteration-time.ts";
import { launchTime } from "./launch-time.ts";
import { lengthSpreadOf, schedulingOf } from "./request-scheduling.ts";
import type { RequestShape } from "./serving-job.ts";
import { servingMemory } from "./serving-memory.ts";

/** Prompt tokens of a full iteration of one rank: what a token costs is read between one prompt and so many. */
const fullTokens = 8192;

/** What iterations cost around a load: straight lines through one and all sequences, and through one and many prompts. */
function costsOf(context: ServingContext, shape: RequestShape, running: number): IterationCosts {
  const ranks = context.job.layout.attentionData;
  const length = shape.inputTokens + shape.outputTokens / 2;
  const many = Math.max(running, 2 * ranks);
  // A step of the loop writes one token: with speculative decoding a part of a real one.
  const tokens = context.job.tokensPerStep ?? 1;
  const [least, most] = [decodeTime(context, ranks, length) / tokens, decodeTime(context, many, length) / tokens];
  const sequence = Math.max(0, (most - least) / (many - ranks));
  const cached = shape.inputTokens * (shape.cachedShare ?? 0);
  const newTokens = Math.max(2, shape.inputTokens - cached);
  const prompts = Math.max(2, Math.ceil(fullTokens / newTokens));
  const pace = context.engine.prefillScale * context.engine.firstShare;
  const timeOf = (each: number): number =>
    pace * iterationTime(context, { sequences: each * ranks, newTokens, pastTokens: cached });
  const [one, full] = [timeOf(1), timeOf(prompts)];
  const token = (full - one) / ((prompts - 1) * newTokens * ranks);
  const prefill = Math.max(0, one - token * newTokens * ranks);
  return { step: least - sequence * ranks, sequence, prefill, token, launch: launchTime(context) };
}

/** The run of a closed loop whose first tokens a load's are like; undefined where none is. */
export function closedLoopOf(context: ServingContext, shape: RequestShape, callers: number): ClosedLoop | undefined {
  const { job } = context;
  const lengthSpread = lengthSpreadOf(shape.load ?? "varied");
  if (lengthSpread === undefined) return undefined;
  const places = Math.max(1, servingMemory(job, shape).requestsMax);
  return {
    callers,
    inputTokens: shape.inputTokens * (1 - (shape.cachedShare ?? 0)),
    outputTokens: shape.outputTokens,
    lengthSpread,
    places,
    scheduling: schedulingOf(job),
    costs: costsOf(context, shape, Math.min(callers, places)),
  };
}

/** The same run with prefills that take `share` of their time, launches and all. */
export function withPrefills(loop: ClosedLoop, share: number): ClosedLoop {
  const { costs } = loop;
  const { prefill, token, launch } = costs;
  return { ...loop, costs: { ...costs, prefill: prefill * share, token: token * share, launch: launch * share } };
}
