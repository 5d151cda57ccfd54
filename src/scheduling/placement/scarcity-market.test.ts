import { expect, test } from "vitest";
import { seededRandom } from "../../base/random.ts";
import { nodeWith, taskOf, workloadOf } from "./fixtures/arbitrary-capacity.ts";
import type { NodeCapacity } from "./node-capacity.ts";
import { nodeRanking } from "./node-ranking.ts";
import { policyNamed } from "./policy-named.ts";
import { openScarcityMarket } from "./scarcity-market.ts";
import type { TypicalClass } from "./typical-mix.ts";

const flexible: TypicalClass = { cpuMillis: 4000, gpus: 1, gpuMillis: 1000, gpuModels: [], frequency: 0.8 };
const bound: TypicalClass = { ...flexible, gpuModels: ["T4"], frequency: 0.2 };
const mix = [flexible, bound];

/** A fleet of 8 GPUs of G2 and so many of T4. */
function fleet(t4: readonly number[]): NodeCapacity[] {
  return [nodeWith(t4, { gpuModel: "T4" }), nodeWith(new Array<number>(8).fill(1000))];
}

test.each([
  // The bound fifth of 12 GPUs' worth of work asks for 2.4 GPUs.
  { name: "2.4 of 4 GPUs are wanted: pressure 0.6", t4: [1000, 1000, 1000, 1000], wanted: 8 * 0.2 },
  { name: "2 of 2 GPUs are wanted: the full price", t4: [1000, 1000], wanted: 8 },
  { name: "0.2 × 8.6 of none: remainders serve nobody", t4: [300, 300], wanted: 8 },
])("the price of a model follows demand and supply: $name", ({ t4, wanted }) => {
  const market = openScarcityMarket(mix, fleet(t4));

  expect(market.priceAt(0)).toBeCloseTo(wanted, 9);
  expect(market.priceAt(1)).toBe(0);
});

test("the price rises when others eat what bound tasks will need, and falls when they leave", () => {
  const nodes = fleet([1000, 1000, 1000, 1000]);
  const market = openScarcityMarket(mix, nodes);
  const before = market.priceAt(0);
  nodes[0] = nodeWith([0, 0, 1000, 1000], { gpuModel: "T4" });
  market.noteChange(0);
  const taken = market.priceAt(0);
  nodes[0] = nodeWith([1000, 1000, 1000, 1000], { gpuModel: "T4" });
  market.noteChange(0);

  expect(taken).toBeGreaterThan(before);
  expect(market.priceAt(0)).toBeCloseTo(before, 9);
});

test("CPUs that bound tasks need and do not find make a model scarce although its GPUs are idle", () => {
  const rich = openScarcityMarket(mix, fleet([1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000]));
  const [t4, g2] = fleet([1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000]);
  const starved = openScarcityMarket(mix, t4 === undefined || g2 === undefined ? [] : [{ ...t4, cpuMillis: 8000 }, g2]);

  expect(starved.priceAt(0)).toBeGreaterThan(rich.priceAt(0));
});

test("a fleet without bound tasks has no prices", () => {
  expect(openScarcityMarket([flexible], fleet([1000])).priceAt(0)).toBe(0);
});

test("millwright sends a flexible task past a scarce model, and a bound one to it; first fit does not", () => {
  const nodes = fleet([1000, 1000]);
  const best = (name: "millwright" | "firstfit", gpuModels: readonly string[]) =>
    nodeRanking(policyNamed(name, workloadOf(mix), seededRandom(1)), nodes).best(taskOf(1, 1000, { gpuModels }));

  expect(best("millwright", [])).toBe(1);
  expect(best("millwright", ["T4"])).toBe(0);
  expect(best("firstfit", [])).toBe(0);
});

test("a remainder that no bound task could use is free, however scarce its model", () => {
  const node = nodeWith([300, 0], { gpuModel: "T4" });
  const policy = policyNamed("millwright", workloadOf(mix), seededRandom(1));

  expect(policy.scarcity?.use(node, taskOf(1, 200))).toBe(0);
  expect(policy.scarcity?.use(nodeWith([1000, 0], { gpuModel: "T4" }), taskOf(1, 200))).toBe(1);
});
