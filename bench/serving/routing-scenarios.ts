import type { RoutingScenario } from "../../src/serving/simulator/simulate-routing.ts";
import type { EngineShape } from "../../src/serving/simulator/simulated-engine.ts";
import type { WorkloadShape } from "../../src/serving/simulator/routing-workload.ts";

/** Prompt tokens of one block, of the engines and of the index alike. */
export const tokensPerBlock = 128;

/** 16 slots; a cache of 20 beginnings of 4,096 tokens and room for what 16 requests have of their own; half a second for such a prompt. */
const engine: EngineShape = {
  slots: 16,
  kvBlocks: 20 * (4096 / tokensPerBlock) + 16 * 3,
  tokensPerBlock,
  prefillMsPerToken: 0.12,
  stepMs: 8,
  stepMsPerAnswer: 0.25,
  chunkTokens: null,
};

const base: Omit<RoutingScenario, "name" | "workload"> = {
  engines: fleetOf(8, engine),
  cacheNews: "size",
  workers: 1,
  shareEveryMs: 50,
  shareDelayMs: 20,
  scrapeEveryMs: 1000,
  warmUpMs: 60_000,
  measuredMs: 240_000,
  firstTokenGoalMs: 500,
};

const flat: WorkloadShape = {
  rate: 25,
  prefixes: { count: 200, tokens: 4096, zipf: 0.6 },
  ownTokens: 200,
  answerTokens: 128,
  chat: null,
};

const skewed: WorkloadShape = { ...flat, rate: 35, prefixes: { count: 200, tokens: 4096, zipf: 1.1 } };

/** The two workloads of the study: on them the price of `auto` was chosen, with other seeds than those reported. */
export const studied: readonly RoutingScenario[] = [
  { ...base, name: "flat: zipf 0.6 at 25 requests/s", workload: flat },
  { ...base, name: "skewed: zipf 1.1 at 35 requests/s", workload: skewed },
];

/** The same two under worse conditions. */
export const harder: readonly RoutingScenario[] = [
  { ...base, name: "flat, no word of evictions or sizes", workload: flat, cacheNews: "none" },
  { ...base, name: "skewed, no word of evictions or sizes", workload: skewed, cacheNews: "none" },
  { ...base, name: "flat, every eviction told", workload: flat, cacheNews: "evictions" },
  { ...base, name: "skewed, every eviction told", workload: skewed, cacheNews: "evictions" },
  { ...base, name: "flat, 4 gateway workers", workload: flat, workers: 4 },
  { ...base, name: "skewed, 4 gateway workers", workload: skewed, workers: 4 },
  { ...base, name: "flat, 4 workers that never share", workload: flat, workers: 4, shareEveryMs: 1e9 },
  { ...base, name: "flat, no metrics from engines", workload: flat, scrapeEveryMs: null },
  { ...base, name: "flat, chunked prefill", workload: flat, engines: fleetOf(8, { ...engine, chunkTokens: 1024 }) },
  { ...base, name: "skewed, chunked prefill", workload: skewed, engines: fleetOf(8, { ...engine, chunkTokens: 1024 }) },
];

/** Workloads that had no part in choosing the prices. The rates of the two without shared beginnings were lowered once: no policy kept up. */
export const heldOut: readonly RoutingScenario[] = [
  { ...base, name: "zipf 0.9 at 30", workload: withPrefixes(30, 200, 4096, 0.9) },
  { ...base, name: "zipf 1.4 at 38", workload: withPrefixes(38, 200, 4096, 1.4) },
  { ...base, name: "zipf 0 (uniform) over 140 at 25", workload: withPrefixes(25, 140, 4096, 0) },
  { ...base, name: "short beginnings: 1,024 tokens, zipf 0.8 at 50", workload: withPrefixes(50, 800, 1024, 0.8) },
  {
    ...base,
    name: "long beginnings: 16,384 tokens, zipf 0.8 at 8",
    workload: withPrefixes(8, 60, 16_384, 0.8),
    firstTokenGoalMs: 2000,
  },
  {
    ...base,
    name: "4 replicas, zipf 0.8 at 13",
    workload: withPrefixes(13, 100, 4096, 0.8),
    engines: fleetOf(4, engine),
  },
  {
    ...base,
    name: "32 replicas, zipf 0.8 at 110",
    workload: withPrefixes(110, 800, 4096, 0.8),
    engines: fleetOf(32, engine),
    measuredMs: 120_000,
  },
  { ...base, name: "half the load: zipf 0.6 at 12", workload: withPrefixes(12, 200, 4096, 0.6) },
  {
    ...base,
    name: "two replicas at half speed, zipf 0.8 at 25",
    workload: withPrefixes(25, 200, 4096, 0.8),
    engines: uneven(),
  },
  {
    ...base,
    name: "no shared beginnings at 60",
    workload: { ...flat, rate: 60, prefixes: null, ownTokens: 400, answerTokens: 64 },
  },
  {
    ...base,
    name: "no shared beginnings, uneven replicas at 45",
    workload: { ...flat, rate: 45, prefixes: null, ownTokens: 400, answerTokens: 64 },
    engines: uneven(),
  },
  {
    ...base,
    name: "chats of 6 turns, 12 system prompts of 1,024 tokens, at 4 chats/s",
    workload: {
      rate: 4,
      prefixes: { count: 12, tokens: 1024, zipf: 1 },
      ownTokens: 300,
      answerTokens: 160,
      chat: { turns: 6, pauseMs: 8000 },
    },
  },
];

function withPrefixes(rate: number, count: number, tokens: number, zipf: number): WorkloadShape {
  return { ...flat, rate, prefixes: { count, tokens, zipf } };
}

function fleetOf(count: number, shape: EngineShape): readonly EngineShape[] {
  return Array.from({ length: count }, () => shape);
}

/** Eight replicas, two of them at half the speed of the others; their weights do not say so. */
function uneven(): readonly EngineShape[] {
  const slow = { ...engine, prefillMsPerToken: engine.prefillMsPerToken * 2, stepMs: engine.stepMs * 2 };
  return [...fleetOf(6, engine), slow, slow];
}
