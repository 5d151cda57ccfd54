import { Fault } from "../../base/fault.ts";
import type { Accelerator, WeightFormat } from "../catalog/accelerator.ts";
import type { ModelShape } from "../catalog/model-shape.ts";
import type { MemoryDoubt } from "../accuracy/memory-doubt.ts";

/** The engine a model is served by; constants were fitted for each. */
export type Engine = "trtllm" | "vllm" | "sglang";

/** How one replica is spread over accelerators. */
export interface ServingLayout {
  /** Accelerators that share one sequence's heads and feed-forward width. */
  readonly tensor: number;
  /** Groups that hold attention for different sequences (attention data parallelism). */
  readonly attentionData: number;
  /** Accelerators that experts are spread over whole; the rest of the replica splits each expert. */
  readonly expert: number;
  readonly pipeline: number;
}

/** How an engine lets prompts in beside requests that decode. */
export interface RequestScheduling {
  /** `mixed`: prompts in chunks beside decoding; `whole`: whole prompts beside decoding; `first`: prompts alone, decoding stops. */
  readonly prefill: "mixed" | "whole" | "first";
  /** Tokens of one iteration of the replica. */
  readonly tokensMax: number;
  /** Iterations between two looks for new requests. */
  readonly lookEvery: number;
  /** Iterations for which waiting prompts are held back, at most, until so many wait. */
  readonly holdSteps: number;
  readonly holdPrompts: number;
}

/** A model on accelerators under an engine: all that the time of one iteration depends on. */
export interface ServingJob {
  readonly model: ModelShape;
  readonly accelerator: Accelerator;
  /** Accelerators of one fast domain, and bytes a second out of it, one direction. */
  readonly domainGpus: number;
  readonly domainBytesPerSecond: number;
  /** The format of the weights; of the products too, where the format is not one of weights alone. */
  readonly precision: WeightFormat;
  readonly kvPrecision: "bf16" | "fp8";
  readonly engine: Engine;
  readonly layout: ServingLayout;
  /** Tokens that speculative decoding gains a step on average (1: none), at the cost of `draftShare` more a step. */
  readonly tokensPerStep?: number;
  readonly draftShare?: number;
  /** Where the engine is set to schedule otherwise than by default; tokens are those of one rank. */
  readonly scheduling?: Partial<RequestScheduling>;
  /** Why its memory is less sure than that of measured servings; nothing when left out. */
  readonly memoryDoubt?: MemoryDoubt;
}

/**
 * How the requests of a load follow each other, which the wait for the first token depends on more than on anything else.
 *
 * `varied`: lengths differ, so that requests drift apart, as users' do. `fixed`: all have one length and begin and end
 * together in waves. `swept`: one length, driven at the concurrencies where latencies reach a limit.
 */
export type LoadKind = "varied" | "fixed" | "swept";

/** What the requests look like: tokens in, tokens out, the share of the prompt that a prefix cache holds, how they come (`varied`). */
export interface RequestShape {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedShare?: number;
  readonly load?: LoadKind;
}

/** The accelerators of one replica. */
export function replicaGpus(layout: ServingLayout): number {
  return layout.tensor * layout.attentionData * layout.pipeline;
}

/**
 * Checks a serving layout and the requests.
 *
 * @throws {Fault} `planning.layout-impossible` or `planning.request-invalid`, naming the figure.
 */
export function checkServing(job: ServingJob, shape: RequestShape): void {
  const { load: _load, ...lengths } = shape;
  const figures = { ...job.layout, domainGpus: job.domainGpus, ...lengths };
  for (const [name, value] of Object.entries(figures)) {
    if (name === "cachedShare" ? value >= 0 && value < 1 : Number.isFinite(value) && value > 0) continue;
    throw new Fault("planning.request-invalid", `${name} must be a positive number, found ${value}`);
  }
  const { tensor, expert, attentionData } = job.layout;
  const problems: string[] = [];
  if (job.model.attention.heads % tensor !== 0) {
    problems.push(`${job.model.attention.heads} heads do not divide by tensor ${tensor}`);
  }
  if (expert > 1 && job.model.experts === undefined) problems.push("the model has no experts to spread");
  if ((tensor * attentionData) % expert !== 0) problems.push(`expert ${expert} does not divide the replica`);
  if (problems.length > 0) {
    throw new Fault("planning.layout-impossible", `the replica cannot run: ${problems.join("; ")}`, {
      details: { problems },
    });
  }
}
