import type { LoadKind, RequestScheduling, ServingJob } from "./serving-job.ts";

/** Prompt tokens of one rank's iteration: vLLM's and TensorRT-LLM's default, and what SGLang takes on large accelerators. */
const tokensMax = { vllm: 8192, trtllm: 8192, sglang: 16_384 };
const prefill = { vllm: "mixed", trtllm: "whole", sglang: "first" } as const;

/** How a job's engine schedules: its defaults, unless the job says otherwise. */
export function schedulingOf(job: ServingJob): RequestScheduling {
  const ranks = job.layout.attentionData;
  return {
    prefill: prefill[job.engine],
    lookEvery: 1,
    holdSteps: 0,
    holdPrompts: 1,
    ...job.scheduling,
    tokensMax: (job.scheduling?.tokensMax ?? tokensMax[job.engine]) * ranks,
  };
}

/**
 * Half the spread of lengths under a load whose waits a run of the closed loop gives; undefined where latencies were driven
 * to a limit in a way that no row says.
 */
export function lengthSpreadOf(load: LoadKind): number | undefined {
  return load === "varied" ? 1 / 9 : load === "fixed" ? 0 : undefined;
}

/**
 * Share of other requests' prompts that come between the tokens of one: half, where a whole wave is prefilled before any of
 * it decodes, so that only those who come later hold up those who came before.
 */
export function interruptedShare(job: ServingJob, load: LoadKind): number {
  return load === "fixed" && schedulingOf(job).prefill === "first" ? 0.5 : 1;
}
