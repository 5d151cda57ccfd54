import type { WhatIf } from "../advice/align-workload.ts";
import type { ReplicaOption } from "../inference/compare-replicas.ts";
import type { InferenceAnswer } from "../questions/size-inference.ts";
import { describeErrors, errorsExplained } from "./describe-errors.ts";
import { describeFallbacks } from "./describe-fallbacks.ts";
import { drawFrontier } from "./draw-frontier.ts";
import { drawLines } from "./draw-lines.ts";
import { describeWhatIfs } from "./describe-what-ifs.ts";
import type { ReportDocument, Section } from "./model.ts";
import {
  writeChance,
  writeCount,
  writeInterval,
  writeNumber,
  writeSeconds,
  writeShare,
  writeWhole,
} from "./write-figure.ts";

/** Memory is told as programs see it. */
const bytesPerGibibyte = 2 ** 30;
const dayHours = 24;

/** The answer to one question about serving a model, as a report. */
export function describeInference(answer: InferenceAnswer, whatIfs: readonly WhatIf[] = []): ReportDocument {
  return {
    title: `Serving ${answer.model} in ${answer.asked.precision} on ${answer.accelerator} with ${answer.engine}`,
    sections: [
      describeVerdict(answer),
      describeReplicas(answer),
      ...describeWhatIfs(whatIfs),
      ...describeHourly(answer),
      describeMemory(answer),
      describeFrontier(answer),
      { heading: "What was assumed", blocks: [{ kind: "list", items: answer.assumptions }] },
    ],
  };
}

/** What a replica waits for, in the words of who reads the report. */
const limitWords: Readonly<Record<InferenceAnswer["closedLoop"]["bottleneck"], string>> = {
  cache: "KV cache; requests wait until it has room",
  prefill: "prefill; tokens wait for the prompts of others",
  decode: "decode; each step reads the weights and the cache",
};

/** `2 GPUs (tensor 2)`. */
const inSentence = (words: string): string => words.replace(/: (.*)$/, " ($1)");

function describeAsked({ asked }: InferenceAnswer): string {
  const { peakPerSecond, inputTokens, outputTokens, cachedShare, tokensPerStep } = asked;
  const parts = [
    `${writeNumber(inputTokens)} tokens in${cachedShare > 0 ? ` (${writeShare(cachedShare)} of them in a prefix cache)` : ""} and ${writeNumber(outputTokens)} out`,
    ...(tokensPerStep > 1 ? [`${writeNumber(tokensPerStep)} tokens a step by speculative decoding`] : []),
  ];
  const rate = `${writeNumber(peakPerSecond ?? 0)} request${peakPerSecond === 1 ? "" : "s"}/s`;
  const peak = peakPerSecond === undefined ? "Requests" : `${rate} at the peak`;
  return `${peak} of ${parts.join(", ")}.`;
}

function describeVerdict(answer: InferenceAnswer): Section {
  const { closedLoop, replicas, goal, saturated, memory } = answer;
  const goals = `TTFT ${writeSeconds(goal.ttftSeconds)}, TPOT ${writeSeconds(goal.tpotSeconds)}`;
  const cacheTokens = memory.requestsMax * (answer.asked.inputTokens + answer.asked.outputTokens / 2);
  const replica = `a replica of ${inSentence(answer.words)}`;
  const items = [
    describeAsked(answer),
    ...(replicas === undefined
      ? []
      : [
          `${writeCount(replicas.gpus, "GPU")}: ${writeCount(replicas.replicas, "replica")} of ${inSentence(answer.words)}; ${writeShare(replicas.atPeak.goodShare)} of requests keep the goals (${goals}) at the peak.`,
          `At the peak the first token (TTFT) takes ${writeSeconds(replicas.atPeak.ttftSeconds.p50)} at the median and ${writeSeconds(replicas.atPeak.ttftSeconds.p90)} at P90, each after it (TPOT) ${writeSeconds(replicas.atPeak.tpotSeconds.p50)} and ${writeSeconds(replicas.atPeak.tpotSeconds.p90)}.`,
          `One replica keeps the goals up to ${writeNumber(replicas.goodputPerReplica)} requests/s.`,
          ...describeRange(answer),
          ...describeHours(answer),
        ]),
    `With ${writeCount(answer.concurrency, "request")} in flight, ${replica} has a TPOT of ${writeInterval(closedLoop.tpotSeconds, writeSeconds)} and a TTFT of ${writeInterval(closedLoop.ttftSeconds, writeSeconds)}; it yields ${writeNumber(closedLoop.outputTokensPerSecond.likely)} output tokens/s.`,
    `Saturated it yields ${writeInterval(saturated.outputTokensPerSecond, writeNumber)} output tokens/s.`,
    `Memory: ${writeCount(memory.requestsMax, "request")} at once (${writeNumber(cacheTokens)} tokens of KV cache); the model fits with a chance of ${writeChance(memory.fitProbability)}.`,
    `What limits it: ${limitWords[closedLoop.bottleneck]}.`,
  ];
  return {
    heading: "Answer",
    blocks: [
      ...describeFallbacks(answer.fallbacks, answer.cautions),
      { kind: "list", items },
      describeErrors(answer.errors),
      { kind: "text", text: errorsExplained },
    ],
  };
}

const writeRange = (low: number, high: number): string =>
  low === high ? writeCount(low, "replica") : `${writeNumber(low)} to ${writeCount(high, "replica")}`;

/** How many replicas the load takes where the predicted times are as wrong as they may be. */
function describeRange({ replicas }: InferenceAnswer): readonly string[] {
  const range = replicas?.range;
  if (range === undefined) return [];
  const { low, high } = range;
  const ends = "With all times at the ends of their 80 % intervals";
  if (low !== null && high !== null) return [`${ends}: ${low === high ? "as many" : writeRange(low, high)}.`];
  const tell = (count: number | null): string =>
    count === null ? "none keeps the goals" : `${writeCount(count, "replica")}`;
  return [`${ends}: ${tell(low)} at the fast ends, ${tell(high)} at the slow ones.`];
}

function describeHours({ hours }: InferenceAnswer): readonly string[] {
  if (hours === undefined) return [];
  const { replicas, gpuHours, gpuHoursHeld, meanShare } = hours;
  const period = replicas.length === 24 ? "a day" : "a week";
  return [
    `Through ${period} the load is ${writeShare(meanShare)} of its peak on average: ${writeRange(Math.min(...replicas), Math.max(...replicas))}; ${writeNumber(gpuHours)} GPU-hours ${period} when they follow the load, ${writeNumber(gpuHoursHeld)} when those for the peak are held.`,
  ];
}

function describeHourly({ hours }: InferenceAnswer): readonly Section[] {
  if (hours === undefined || new Set(hours.replicas).size === 1) return [];
  const { replicas } = hours;
  const isDay = replicas.length === dayHours;
  const title = isDay ? "Replicas by hour of the day" : "Replicas by hour of the week, from Monday on";
  const svg = drawLines({
    title,
    unit: "replicas",
    labels: replicas.map((_, hour) => String(hour % dayHours)),
    labelX: "hour",
    series: [{ name: "replicas", kind: "line", values: replicas }],
  });
  const days = isDay ? ["replicas"] : ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
  const rows = Array.from({ length: dayHours }, (_, hour) => [
    String(hour),
    ...days.map((_day, day) => String(replicas[day * dayHours + hour] ?? "")),
  ]);
  return [
    {
      heading: "Replicas by the hour",
      blocks: [
        { kind: "plot", svg, caption: title },
        { kind: "table", head: ["#hour", ...days.map((day) => `#${day}`)], rows },
      ],
    },
  ];
}

function describeReplicas(answer: InferenceAnswer): Section {
  const hasPeak = answer.replicas !== undefined;
  const rows = answer.options.map((option, index) => [
    option.words,
    ...(hasPeak ? [String(option.replicas?.replicas ?? ""), String(option.replicas?.gpus ?? "")] : []),
    writeSeconds(option.closedLoop.tpotSeconds.likely),
    writeSeconds(option.closedLoop.ttftSeconds.likely),
    writeNumber(option.closedLoop.outputTokensPerSecondPerGpu),
    writeWhole(option.memory.requestsMax),
    writeChance(option.memory.fitProbability),
    option.closedLoop.bottleneck,
    index === 0 ? "the best" : (answer.lost.find((each) => each.layout === option.words)?.why ?? ""),
  ]);
  const peak = hasPeak ? ["#replicas", "#GPUs"] : [];
  const head = ["replica", ...peak, "#TPOT", "#TTFT", "#tokens/s GPU", "#at once", "#fits", "limit", "why"];
  const shown = new Set(answer.options.map((option) => option.words));
  const items = answer.lost.filter((each) => !shown.has(each.layout)).map(({ layout, why }) => `not ${layout}: ${why}`);
  return {
    heading: "Replicas",
    blocks: [
      { kind: "table", head, rows },
      { kind: "list", items },
    ],
  };
}

function describeMemory(answer: InferenceAnswer): Section {
  const bars = answer.options.map(({ words, memory }) => ({
    label: words,
    parts: [
      { name: "weights", value: memory.weights / bytesPerGibibyte },
      { name: "cache", value: memory.cache / bytesPerGibibyte },
    ],
    note: writeCount(memory.requestsMax, "request"),
  }));
  const caption = "Memory of one GPU by replica; the line is what the engine may fill.";
  const limit = answer.memory.usable / bytesPerGibibyte;
  return { heading: "Memory", blocks: [{ kind: "bars", caption, unit: "GiB", limit, bars }] };
}

function describeFrontier(answer: InferenceAnswer): Section {
  const { frontier } = answer;
  const rows = frontier.map((point) => [
    String(point.concurrency),
    writeSeconds(point.tpotSeconds.likely),
    writeSeconds(point.ttftSeconds.likely),
    writeNumber(1 / point.tpotSeconds.likely),
    writeNumber(point.outputTokensPerSecondPerGpu),
  ]);
  const title = "Tokens a second of one GPU against tokens a second for one user";
  const svg = drawFrontier({
    title,
    labelX: "tokens/s for one user (1 / TPOT)",
    labelY: "tokens/s of one GPU",
    lines: answer.options.map(toLine),
    goal: 1 / answer.goal.tpotSeconds,
  });
  return {
    heading: "Speed for one user against yield of one GPU",
    blocks: [
      {
        kind: "plot",
        svg,
        caption: `${title}, by requests in flight: 1 at the right, doubled to the left. Lines through points: the 80 % interval of TPOT.`,
      },
      { kind: "text", text: `The figures of ${inSentence(answer.words)}:` },
      { kind: "table", head: ["#in flight", "#TPOT", "#TTFT", "#tokens/s user", "#tokens/s GPU"], rows },
    ],
  };
}

function toLine({ words, frontier }: ReplicaOption) {
  const points = frontier.map(({ tpotSeconds, outputTokensPerSecondPerGpu }) => ({
    x: 1 / tpotSeconds.likely,
    xLow: 1 / tpotSeconds.high,
    xHigh: 1 / tpotSeconds.low,
    y: outputTokensPerSecondPerGpu,
  }));
  return { name: words, points };
}
