import { expect, test } from "vitest";
import type { Fault } from "../../base/fault.ts";
import type { FleetPlan } from "./fleet-plan.ts";
import { planSchema } from "../model.ts";
import { planFleet } from "./plan-fleet.ts";
import { reportFiles } from "../report/report-files.ts";
import { sizeInference } from "../questions/size-inference.ts";

const served = { model: "Llama-2-13B", inputTokens: 1000, outputTokens: 300, ttftSeconds: 1, tpotSeconds: 0.05 };
const planned = (workload: object): FleetPlan =>
  planFleet(
    planSchema.parse({
      name: "compares",
      startMonth: "2026-12",
      fleet: { gpu: "H200-SXM" },
      demand: { stages: [{ stage: "serving", gpus: 8 }] },
      workloads: [{ name: "chat", targetPerSecond: 40_000, ...workload }],
      simulation: { draws: 100 },
    }),
  );

test("a workload may name the model that is served: every priced GPU is planned within its goals, and errors are told", () => {
  const { advice, errors, choices } = planned({ served });
  const [chat] = advice.workloads;
  const h200 = chat?.options.find(({ gpu }) => gpu === "H200-SXM");
  const alone = sizeInference({ ...served, accelerator: "H200-SXM" });
  const kept = alone.options
    .flatMap(({ frontier }) => frontier)
    .filter(({ ttftSeconds, tpotSeconds }) => ttftSeconds.likely <= 1 && tpotSeconds.likely <= 0.05)
    .map(({ outputTokensPerSecondPerGpu }) => outputTokensPerSecondPerGpu);

  expect(chat?.unit).toBe("tokens");
  expect(chat?.options.length).toBeGreaterThan(5);
  expect((h200?.perSecond ?? 0) / (h200?.gpus ?? 1)).toBeCloseTo(Math.max(...kept), 6);
  for (const option of chat?.options ?? []) {
    expect(option.gpus % option.gpusPerReplica).toBe(0);
    expect(option.perSecond).toBeGreaterThanOrEqual(40_000);
    expect(option.memoryUse).toBeLessThan(1);
  }
  expect(choices.map(({ path }) => path)).toContain("workloads[0].throughput");
  const best = chat?.options[0]?.gpu ?? "";
  expect(errors.advice.map(({ quantity }) => quantity).join("\n")).toContain(
    `chat on ${best}: time of a token after the first`,
  );
  expect(advice.growth[0]?.paths.some(({ kind }) => kind === "horizontal")).toBe(true);
});

test("stricter goals never make a GPU yield more, and goals that nothing keeps leave every GPU out with its least times", () => {
  const speedOf = (fleet: FleetPlan): ReadonlyMap<string, number> =>
    new Map(fleet.advice.workloads[0]?.options.map(({ gpu, perSecond, gpus }) => [gpu, perSecond / gpus]));
  const [wide, strict] = [speedOf(planned({ served })), speedOf(planned({ served: { ...served, tpotSeconds: 0.02 } }))];
  const none = planned({ served: { ...served, tpotSeconds: 1e-5 } });

  expect(strict.size).toBeGreaterThan(0);
  for (const [gpu, speed] of strict) expect(speed).toBeLessThanOrEqual(wide.get(gpu) ?? 0);
  expect(none.advice.workloads[0]?.options).toEqual([]);
  expect(none.advice.workloads[0]?.rejected.map(({ why }) => why).join("\n")).toMatch(/a token [\d.]+ ms at least/);
  expect(reportFiles(none)["report.md"]).not.toMatch(/NaN|Infinity|undefined/);
});

test.each([
  [{ served, unit: "tokens" }],
  [{ unit: "tokens", memory: "60GB" }],
  [{ served, throughput: { "H100-SXM": 9 } }],
])("a workload states its throughputs or names its model, not both nor half of it: %j is refused", (workload) => {
  expect(() => planned(workload)).toThrow("give unit, memory and throughput, or the served model");
});

test("a workload whose model is unknown is refused with its place", () => {
  const refused = (): Fault => {
    try {
      planned({ served: { ...served, model: "Lama-2-13B" } });
    } catch (error) {
      return error as Fault;
    }
    throw new Error("nothing was refused");
  };

  expect(refused()).toMatchObject({
    code: "planning.model-unknown",
    details: { path: "workloads[0].served.model" },
  });
});

test("memory is counted as programs see it: makers' 80 GB are 85.5 GB, so that two H100 hold what fills 150", () => {
  const { advice } = planned({ unit: "tokens", memory: "150GB", throughput: { "H100-SXM": 500 } });
  const [h100] = advice.workloads[0]?.options ?? [];

  expect(h100?.gpusPerReplica).toBe(2);
  expect(h100?.memoryUse).toBeCloseTo(150e9 / (2 * 80 * 2 ** 30 * 0.995), 6);
});

test("a model that no server of a GPU holds is compared on replicas of several servers", () => {
  const large = { ...served, model: "DeepSeek-V3", ttftSeconds: 5, tpotSeconds: 0.2 };
  const [chat] = planned({ served: large }).advice.workloads;

  expect(chat?.options.find(({ gpu }) => gpu === "H100-SXM")?.gpusPerReplica).toBeGreaterThan(8);
});
