import fc from "fast-check";
import { expect, test } from "vitest";
import { isFault } from "../../base/fault.ts";
import { type FitAsk, modelFit } from "./model-fit.ts";
import { weightFormats } from "./preset-spec.ts";

const gibibyte = 1024 ** 3;

const ask: fc.Arbitrary<FitAsk> = fc
  .record({
    kvHeads: fc.constantFrom(1, 2, 4, 8),
    groups: fc.constantFrom(1, 2, 4, 7, 8),
    headSize: fc.constantFrom(64, 128),
    layers: fc.integer({ min: 1, max: 100 }),
    parameters: fc.integer({ min: 1e8, max: 2e11 }),
    maxContext: fc.integer({ min: 2_048, max: 200_000 }),
    weights: fc.constantFrom(...weightFormats),
    kvBytes: fc.constantFrom(1 as const, 2 as const),
    gpus: fc.integer({ min: 1, max: 8 }),
    nodes: fc.integer({ min: 1, max: 4 }),
    gigabytes: fc.integer({ min: 8, max: 192 }),
  })
  .map(({ kvHeads, groups, headSize, layers, parameters, maxContext, weights, gigabytes, ...rest }) => ({
    ...rest,
    card: {
      parameters,
      layers,
      hiddenSize: kvHeads * groups * headSize,
      heads: kvHeads * groups,
      kvHeads,
      headSize,
      maxContext,
      weights,
    },
    weights,
    gpuMemory: gigabytes * gibibyte,
    memoryFraction: 0.9,
    maxModelLen: null,
    maxRequests: null,
    hasPipeline: true,
  }));

function fitOf(asked: FitAsk): ReturnType<typeof modelFit> | null {
  try {
    return modelFit(asked);
  } catch (error) {
    if (isFault(error, "serving.model-incompatible")) return null;
    throw error;
  }
}

test("what fits uses every GPU, divides the heads, and holds at least one request of full length", () => {
  fc.assert(
    fc.property(ask, (asked) => {
      const fit = fitOf(asked);
      if (fit === null) return;
      expect(fit.tensorParallel * fit.pipelineParallel).toBe(asked.gpus * asked.nodes);
      expect(asked.card.heads % fit.tensorParallel).toBe(0);
      expect(fit.maxModelLen).toBeLessThanOrEqual(Math.min(asked.card.maxContext, fit.kvTokens));
      expect(fit.maxRequests).toBeGreaterThanOrEqual(1);
      expect(fit.weightBytesPerGpu).toBeLessThan(asked.gpuMemory * asked.memoryFraction);
    }),
  );
});

test("more memory or a smaller cache never holds fewer tokens", () => {
  fc.assert(
    fc.property(ask, (asked) => {
      const fit = fitOf(asked);
      if (fit === null) return;
      const wider = fitOf({ ...asked, gpuMemory: asked.gpuMemory + gibibyte });
      const smaller = fitOf({ ...asked, kvBytes: 1 });

      expect(wider?.kvTokens).toBeGreaterThanOrEqual(fit.kvTokens);
      expect(smaller?.kvTokens).toBeGreaterThanOrEqual(fit.kvTokens);
    }),
  );
});

test("the cache of a token of Llama 3.1 8B takes 128 KiB, of DeepSeek V3 with latent attention 70 KB", () => {
  const base = { kvBytes: 2, gpus: 1, nodes: 1, gpuMemory: 2_000e9, memoryFraction: 0.9 } as const;
  const rest = { maxModelLen: null, maxRequests: null, hasPipeline: true, weights: "bf16" } as const;
  const card = { parameters: 1e9, hiddenSize: 4096, heads: 32, kvHeads: 8, headSize: 128, maxContext: 4096 };
  const tokens = (change: object): number =>
    modelFit({ ...base, ...rest, card: { ...card, layers: 32, weights: "bf16", ...change } }).kvTokens;
  const free = 2_000e9 * 0.9 - 2 * gibibyte - 2e9;

  expect(free / tokens({})).toBeCloseTo(131_072, -1);
  expect(free / tokens({ layers: 61, latent: { rank: 512, ropeSize: 64 } })).toBeCloseTo(70_272, -1);
});
