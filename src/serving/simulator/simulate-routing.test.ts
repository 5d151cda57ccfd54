import { describe, expect, test } from "vitest";
import { seededRandom } from "../../base/random.ts";
import { createBalancer, type PolicyName } from "../gateway/routing/create-balancer.ts";
import { type RoutingOutcomeSummary, type RoutingScenario, simulateRouting } from "./simulate-routing.ts";

const tokensPerBlock = 128;
const settings = { tokensPerBlock, indexEntriesMax: 1 << 16 };

const engine = {
  slots: 16,
  kvBlocks: 20 * 32 + 48,
  tokensPerBlock,
  prefillMsPerToken: 0.12,
  stepMs: 8,
  stepMsPerAnswer: 0.25,
  chunkTokens: null,
};

/** The flat workload of docs/benchmarks/routing.md on half the fleet, for a minute. */
const flat: RoutingScenario = {
  name: "flat",
  engines: Array.from({ length: 4 }, () => engine),
  workload: {
    rate: 12.5,
    prefixes: { count: 100, tokens: 4096, zipf: 0.6 },
    ownTokens: 200,
    answerTokens: 128,
    chat: null,
  },
  cacheNews: "size",
  workers: 1,
  shareEveryMs: 50,
  shareDelayMs: 20,
  scrapeEveryMs: 1000,
  warmUpMs: 60_000,
  measuredMs: 60_000,
  firstTokenGoalMs: 500,
};

function play(policy: PolicyName, scenario: RoutingScenario, seed: number): RoutingOutcomeSummary {
  return simulateRouting(
    scenario,
    (worker) => createBalancer(policy, settings, seededRandom(seed * 10 + worker)),
    seed,
  );
}

describe("the simulated fleet", () => {
  test("plays a seed the same way again, and another one differently", () => {
    expect(play("auto", flat, 1)).toEqual(play("auto", flat, 1));
    expect(play("auto", flat, 2)).not.toEqual(play("auto", flat, 1));
  });

  test("asks the same of every policy", () => {
    expect(play("p2c", flat, 1).offered).toBe(play("auto", flat, 1).offered);
  });

  test("auto keeps most first tokens within the goal where policies that do not know caches keep hardly any", () => {
    const [auto, blind] = [play("auto", flat, 3), play("least-load", flat, 3)];

    expect(auto.goodput / auto.offered).toBeGreaterThan(0.7);
    expect(blind.goodput / blind.offered).toBeLessThan(0.1);
  });

  test("four workers that tell each other do nearly as well as one, and far better than four that do not", () => {
    const [one, four, deaf] = [flat, { ...flat, workers: 4 }, { ...flat, workers: 4, shareEveryMs: 1e9 }].map(
      (scenario) => play("auto", scenario, 4).goodput,
    );

    expect(four ?? 0).toBeGreaterThan(0.9 * (one ?? Number.NaN));
    expect(deaf ?? 0).toBeLessThan(0.8 * (one ?? Number.NaN));
  });

  test("auto stays good when no engine tells of its cache", () => {
    const [told, silent] = [flat, { ...flat, cacheNews: "none" as const }].map((each) => play("auto", each, 5).goodput);

    expect(silent ?? 0).toBeGreaterThan(0.8 * (told ?? Number.NaN));
  });

  test("later turns of a chat find the earlier ones in a cache", () => {
    const chats = {
      ...flat,
      workload: { ...flat.workload, rate: 1, prefixes: null, ownTokens: 500, chat: { turns: 5, pauseMs: 5000 } },
    };

    expect(play("auto", chats, 6).hitRate).toBeGreaterThan(0.6);
    expect(play("round-robin", chats, 6).hitRate).toBeLessThan(0.4);
  });
});
