import { expect, test } from "vitest";
import { sizeInference } from "../questions/size-inference.ts";
import type { ReplicaOption } from "./compare-replicas.ts";
import { whyLater } from "./why-later.ts";

const goal = { ttftSeconds: 2, tpotSeconds: 0.1 };
const [base] = sizeInference({ model: "Llama-3.1-8B", accelerator: "H100", tensor: 1, peakPerSecond: 20 }).options;

interface Differences {
  readonly gpus?: number;
  readonly chance?: number;
  readonly rate?: number;
  readonly tpot?: number;
}

/** One GPU that fits surely, yields 1,000 tokens a second and takes 50 ms for each, but for what is given. */
function optionWith({ gpus, chance = 1, rate = 1000, tpot = 0.05 }: Differences): ReplicaOption {
  if (base?.replicas === undefined) throw new Error("the question has replicas");
  const { replicas, ...rest } = base;
  const seconds = (likely: number) => ({ low: likely, likely, high: likely });
  return {
    ...rest,
    memory: { ...base.memory, fitProbability: chance },
    closedLoop: {
      ...base.closedLoop,
      ttftSeconds: seconds(1),
      tpotSeconds: seconds(tpot),
      outputTokensPerSecondPerGpu: rate,
    },
    ...(gpus === undefined ? {} : { replicas: { ...replicas, gpus } }),
  };
}

test.each<[Differences, Differences, string]>([
  [{ gpus: 103 }, { gpus: 100, chance: 0.96 }, "fits less surely (96 %)"],
  [{ gpus: 100 }, { gpus: 103 }, "needs 103 GPUs, 3 more"],
  [{ gpus: 8 }, { gpus: 8, tpot: 0.06 }, "needs as many, and a token takes 1.20 times as long"],
  [{ gpus: 8 }, { gpus: 8, chance: 0.98, tpot: 0.04 }, "fits less surely (98 %)"],
  [{}, { rate: 1010, chance: 0.97 }, "fits less surely (97 %)"],
  [{}, { rate: 700 }, "yields 30 % less from one GPU"],
  [{}, { rate: 2000, tpot: 0.2, chance: 0.9 }, "misses a goal: a token takes 4.00 times as long"],
])("beside %o, %o is told: %s", (best, other, why) => {
  expect(whyLater([optionWith(best), optionWith(other)], goal)[0]?.why).toBe(why);
});
