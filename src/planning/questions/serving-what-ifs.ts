import * as z from "zod";
import type { WhatIf } from "../advice/align-workload.ts";
import { askedAccelerator } from "./asked-accelerator.ts";
import { formatFallbacks } from "./number-format.ts";
import { writeCount, writeNumber, writeSeconds } from "../report/write-figure.ts";
import type { InferenceAnswer } from "./size-inference.ts";
import { askWhatIf, writeChange } from "./what-if.ts";

/** A question that was answered once, or the same with something changed. */
type Asked = Readonly<Record<string, unknown>>;

const chipSchema = z.looseObject({ accelerator: z.string(), ownAccelerators: z.unknown().optional() });

/**
 * What the answer would be with one thing changed: the number format, the load, the goals, the prompts.
 *
 * @param ask answers a changed question as the first one was.
 */
export function servingWhatIfs(
  question: Asked,
  answer: InferenceAnswer,
  ask: (question: Asked) => InferenceAnswer,
): readonly WhatIf[] {
  const changed = changesOf(question, answer).map(([change, fields]) =>
    askWhatIf(change, () => effectOf(answer, ask({ ...question, ...fields }))),
  );
  return [...changed, ...splitWhatIf(answer), ...splitAtPeakWhatIf(answer)];
}

/** Workers of either kind for the peak, against the replicas that do both. */
function splitAtPeakWhatIf({ splitAtPeak, replicas, asked }: InferenceAnswer): readonly WhatIf[] {
  if (splitAtPeak === undefined || replicas === undefined) return [];
  const { prefillWorkers, decodeWorkers, gpus, ttftSeconds, tpotSeconds } = splitAtPeak;
  const workers = `${writeCount(prefillWorkers, "prefill worker")} and ${writeCount(decodeWorkers, "decode worker")}`;
  const times = `a first token in ${writeSeconds(ttftSeconds)}, a token in ${writeSeconds(tpotSeconds)} (90 %)`;
  return [
    {
      change: `disaggregated under ${writeNumber(asked.peakPerSecond ?? 0)} requests/s (open loop, simulated)`,
      effect: `${writeCount(gpus, "GPU")} (${writeChange(gpus, replicas.gpus)}): ${workers}, ${times}`,
    },
  ];
}

/** Prefill and decode on workers of their own, against one replica that does both, per GPU and at the same load of each. */
function splitWhatIf({ split, closedLoop }: InferenceAnswer): readonly WhatIf[] {
  if (split === undefined) return [];
  const { prefillWorkers, decodeWorkers, gpus, error } = split;
  const after = split.closedLoop;
  const rate = writeChange(after.outputTokensPerSecondPerGpu, closedLoop.outputTokensPerSecondPerGpu);
  const times = `a token in ${writeSeconds(after.tpotSeconds.likely)}, the first in ${writeSeconds(after.ttftSeconds.likely)}`;
  const wrong = error.percent === null ? "" : ` (token ±${error.percent.toFixed(0)} %)`;
  return [
    {
      change: `disaggregated prefill and decode (${prefillWorkers} + ${decodeWorkers} workers)`,
      effect: `${writeNumber(after.outputTokensPerSecondPerGpu)} tokens/s GPU (${rate}) on ${writeCount(gpus, "GPU")}, ${times}${wrong}`,
    },
  ];
}

type Change = readonly [string, Readonly<Record<string, unknown>>];

function changesOf(question: Asked, { asked, goal, concurrency }: InferenceAnswer): readonly Change[] {
  const { peakPerSecond, inputTokens, cachedShare, precision } = asked;
  const chip = askedAccelerator(chipSchema.parse(question)).value;
  const narrower: readonly Change[] =
    precision === "bf16" && formatFallbacks(chip, "fp8").length === 0
      ? [["weights and cache in fp8", { precision: "fp8", kvPrecision: "fp8" }]]
      : [];
  const loads: readonly Change[] =
    peakPerSecond === undefined
      ? [["twice as many requests in flight", { concurrency: concurrency * 2 }]]
      : [
          ["twice the load", { peakPerSecond: peakPerSecond * 2 }],
          ["goals twice as long", { ttftSeconds: goal.ttftSeconds * 2, tpotSeconds: goal.tpotSeconds * 2 }],
        ];
  const cached: readonly Change[] =
    cachedShare === 0 ? [["half of each prompt in a prefix cache", { cachedShare: 0.5 }]] : [];
  return [...narrower, ...loads, ...cached, ["prompts twice as long", { inputTokens: inputTokens * 2 }]];
}

function effectOf(before: InferenceAnswer, after: InferenceAnswer): string {
  const { replicas, closedLoop } = after;
  const token = `a token in ${writeSeconds(replicas?.atPeak.tpotSeconds.p50 ?? closedLoop.tpotSeconds.likely)}`;
  if (replicas !== undefined && before.replicas !== undefined) {
    const gpus = `${writeCount(replicas.gpus, "GPU")} (${writeChange(replicas.gpus, before.replicas.gpus)})`;
    return `${gpus}, ${writeCount(replicas.replicas, "replica")} of ${after.words}, ${token}`;
  }
  const [rate, was] = [closedLoop.outputTokensPerSecondPerGpu, before.closedLoop.outputTokensPerSecondPerGpu];
  return `${writeNumber(rate)} tokens/s GPU (${writeChange(rate, was)}) on ${after.words}, ${token}`;
}
