import { expect, test } from "vitest";
import { isFault } from "../../base/fault.ts";
import { answerPlanText } from "../drivers/plan-file.ts";
import type { FleetPlan } from "./fleet-plan.ts";
import { planSchema } from "../model.ts";
import { planFleet } from "./plan-fleet.ts";

const server = {
  gpu: "X1",
  gpusPerServer: 8,
  serverUsdPerGpu: 31_905,
  rentUsdPerGpuHour: 2.95,
  serverRatedKw: 10.2,
  serverUnits: 8,
  memory: "80GB",
  rails: 8,
  portRate: "400Gb/s",
};
/** What the catalog says of an H100-SXM. */
const likeH100 = { like: "H100-SXM" };
const trained = { model: "Llama-2-13B", tokens: 300e9, gpus: 32 };
const served = { model: "Llama-3.1-8B", inputTokens: 1000, outputTokens: 200, ttftSeconds: 1, tpotSeconds: 0.05 };

const planned = (gpu: string, ...accelerators: object[]): FleetPlan =>
  planFleet(
    planSchema.parse({
      name: "own",
      startMonth: "2026-12",
      fleet: { gpu },
      demand: {
        stages: [
          { stage: "training", jobs: { perMonth: 1, trained } },
          { stage: "serving", requests: { peakPerSecond: 20, served } },
        ],
      },
      accelerators,
      workloads: [{ name: "chat", targetPerSecond: 20_000, served }],
      simulation: { draws: 100 },
    }),
  );
const hoursOf = ({ runs }: FleetPlan): number => runs[0]?.gpuHours ?? 0;
const yieldOf = ({ advice }: FleetPlan, gpu: string) => advice.workloads[0]?.options.find((each) => each.gpu === gpu);

test("a server of the plan that is like one of the catalog is sized as that one is, and says what stands in", () => {
  const [own, known] = [planned("X1", { ...server, computes: likeH100 }), planned("H100-SXM")];

  // Kernels of another name are those of the nearest of its family, which is H100 itself.
  expect(hoursOf(own) / hoursOf(known)).toBeCloseTo(1, 1);
  expect(yieldOf(own, "X1")?.gpus).toBe(yieldOf(known, "H100-SXM")?.gpus);
  expect(own.fallbacks.map(({ words }) => words)).toEqual([
    expect.stringContaining("those of H100-SXM where none were"),
  ]);
  expect(own.errors.capacity.map(({ words }) => words).join("\n")).toContain('"X1"');
});

test("figures of a server of the plan decide its runs: half the arithmetic takes about twice the hours", () => {
  const figures = { memoryBandwidth: "3.35TB/s", fastLinks: "450GB/s" };
  const at = (bf16Tflops: number) => planned("X1", { ...server, computes: { ...figures, bf16Tflops } });
  const ratio = hoursOf(at(495)) / hoursOf(at(990));

  expect(ratio).toBeGreaterThan(1.7);
  expect(ratio).toBeLessThan(2.1);
});

test("memory that a plan states of a known GPU is the memory of what is sized on it", () => {
  const own = { ...server, gpu: "H100-SXM" };
  const use = (memory: string) => yieldOf(planned("H100-SXM", { ...own, memory }), "H100-SXM");

  expect(use("80GiB")).toEqual(use("80GB"));
  expect(use("96GB")?.memoryUse).not.toBe(use("80GB")?.memoryUse);
});

test("a server of fewer GPUs than its relative's fast links join has no links beyond itself", () => {
  const small = { ...server, gpusPerServer: 4, rails: 4, computes: { like: "GB200" }, memory: "186GB" };

  expect(planned("X1", small).runs[0]?.layout.tensor).toBeLessThanOrEqual(4);
  expect(planned("X1", small).choices.find(({ path }) => path === "demand.stages[0].jobs.trained")?.source).toContain(
    "4 accelerators share fast links",
  );
});

const text = (computes: string): string =>
  [
    "name: own",
    "startMonth: 2026-12",
    "fleet: { gpu: X1 }",
    "demand: { stages: [{ stage: training, jobs: { perMonth: 1, trained: { model: Llama-2-13B, tokens: 1e11, gpus: 32 } } }] }",
    "accelerators:",
    "  - gpu: X1",
    "    gpusPerServer: 8",
    "    serverUsdPerGpu: 30000",
    "    rentUsdPerGpuHour: 3",
    "    serverRatedKw: 10",
    "    serverUnits: 8",
    "    memory: 80GB",
    "    rails: 8",
    "    portRate: 400Gb/s",
    `    computes: ${computes}`,
  ].join("\n");

test.each([
  [
    "a relative that the catalog lacks",
    "{ like: H10O }",
    /^p\.yaml:15:\d+: accelerators\[0\]\.computes: .*did you mean H100/,
  ],
  ["arithmetic without memory bandwidth", "{ bf16Tflops: 990 }", /^p\.yaml:15:\d+: .*computes: give like/],
  ["arithmetic of nothing", "{ bf16Tflops: 0, memoryBandwidth: 3TB/s }", /^p\.yaml:15:\d+: .*bf16Tflops/],
  [
    "a bandwidth without its unit",
    "{ bf16Tflops: 990, memoryBandwidth: 3350 }",
    /memoryBandwidth: write a number and a unit/,
  ],
])("refuses %s with its line", (_what, computes, message) => {
  let refusal: unknown;
  try {
    answerPlanText("p.yaml", text(computes));
  } catch (error) {
    refusal = error;
  }

  expect(isFault(refusal) ? refusal.message : refusal).toMatch(message);
});
