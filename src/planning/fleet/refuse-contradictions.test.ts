import { expect, test } from "vitest";
import { isFault } from "../../base/fault.ts";
import { answerPlanText } from "../drivers/plan-file.ts";

/** A plan of which a line is replaced; what it is refused with, or nothing. */
function refusalOf(lines: Readonly<Record<string, string>>): string {
  const whole = {
    name: "n",
    startMonth: "2026-12",
    fleet: "{ gpu: H100, gpus: 16 }",
    demand: "{ stages: [{ stage: training, gpus: 8 }] }",
    simulation: "{ draws: 100 }",
    ...lines,
  };
  const text = Object.entries(whole).map(([key, value]) => `${key}: ${value}\n`);
  try {
    answerPlanText("p.yaml", text.join(""));
  } catch (error) {
    if (isFault(error)) return `${error.code} ${error.message}`;
    throw error;
  }
  return "answered";
}

const offer = (name: string, kind: string, price?: number): string =>
  `{ name: ${name}, kind: ${kind}, country: DE, isolation: shared${price === undefined ? "" : `, usdPerGpuHour: ${price}`} }`;

test.each([
  [
    "two stages of one name",
    { demand: "{ stages: [{ stage: training, name: a, gpus: 8 }, { stage: serving, name: a, gpus: 8 }] }" },
    /plan-contradictory p\.yaml:4:\d+: demand\.stages\[1\]\.name: "a" is the name of demand\.stages\[0\] too/,
  ],
  [
    "two offers of one name",
    { offers: `[${offer("a", "rent", 3)}, ${offer("a", "buy")}]` },
    /offers\[1\]\.name: "a" is/,
  ],
  [
    "two datasets of one name",
    { storage: "{ datasets: [{ name: x, size: 1TB }, { name: x, size: 2PB }] }" },
    /storage\.datasets\[1\]\.name/,
  ],
  [
    "no demand at all",
    { demand: "{ stages: [{ stage: training, gpus: 0 }, { stage: data, people: { people: 0, gpusEach: 1 } }] }" },
    /plan-infeasible .*no stage asks for a GPU/,
  ],
  [
    "a gang that a fixed fleet never holds",
    { demand: "{ stages: [{ stage: training, jobs: { perMonth: 2, gpuHoursEach: 9, gangGpus: 64 } }] }" },
    /plan-contradictory .*jobs\.gangGpus: a job holds 64 GPUs together, and the fleet stays at 16/,
  ],
  [
    "demand that no fabric joins",
    {
      demand: "{ stages: [{ stage: training, gpus: 4096, growthPerYear: 9 }] }",
      fleet: "{ gpu: H100 }",
      horizonMonths: "84",
    },
    /plan-infeasible p\.yaml:4:\d+: demand\.stages: the demand comes to [\d,]+ GPUs; one fabric joins 1,600,000/,
  ],
  ["a month of another age", { startMonth: "1900-01" }, /startMonth: write year \(1970 to 2099\) and month/],
  ["a horizon beyond what is planned", { horizonMonths: "100" }, /horizonMonths: write whole months, 12 to 84/],
  [
    "a price of zero in an offer",
    { offers: `[${offer("a", "rent", 0)}]` },
    /offers\[0\]\.usdPerGpuHour must be .*above 0/,
  ],
  ["an hourly price to buy", { offers: `[${offer("a", "buy", 3)}]` }, /offers\[0\]\.usdPerGpuHour: an offer to buy/],
  [
    "a discount beside the price of a reservation",
    { offers: `[${offer("a", "reserve", 3)}]`, cost: "{ reserveDiscount: 0.3 }" },
    /plan-contradictory .*cost\.reserveDiscount: the offer "a" says what reserving costs/,
  ],
])("%s is refused with its place", (_what, lines, words) => {
  expect(refusalOf(lines)).toMatch(words);
});

test("a gang wider than the fleet is no contradiction where the fleet grows", () => {
  const demand = "{ stages: [{ stage: training, jobs: { perMonth: 2, gpuHoursEach: 9, gangGpus: 64 } }] }";

  expect(refusalOf({ demand, fleet: "{ gpu: H100, gpus: 16, growth: buy }" })).toBe("answered");
});
