import { describe, expect, test } from "vitest";
import { judgeGate } from "./gate.ts";
import { gateRuleSchema, type Measurement, type ModelReport } from "./model.ts";

const estimate = (value: number, halfWidth: number) => ({ value, low: value - halfWidth, high: value + halfWidth });

function figures(auc: number, brier: number, halfWidth: number): ModelReport["figures"] {
  return {
    auc: estimate(auc, halfWidth),
    "log-loss": estimate(0.4, halfWidth),
    brier: estimate(brier, halfWidth),
    calibration: estimate(0.01, halfWidth),
  };
}

function measured(fields: Partial<Measurement> = {}): Measurement {
  const candidate = { role: "candidate", versionId: "v", figures: figures(0.73, 0.126, 0.02) } as ModelReport;
  return {
    rows: 1000,
    positives: 200,
    blocks: 30,
    models: [candidate],
    championLeftOut: null,
    differences: [{ against: "baseline", figures: figures(0.07, -0.013, 0.02) }],
    seconds: {},
    ...fields,
  };
}

/** Each row: a rule, and what the gate makes of it on the measurement above. */
const cases: readonly { readonly rule: unknown; readonly want: "kept" | "broken" | "skipped" }[] = [
  { rule: { metric: "auc", atLeast: 0.7 }, want: "kept" },
  { rule: { metric: "auc", atLeast: 0.72 }, want: "broken" },
  { rule: { metric: "auc", atLeast: 0.72, judge: "point" }, want: "kept" },
  { rule: { metric: "brier", atMost: 0.15 }, want: "kept" },
  { rule: { metric: "brier", atMost: 0.13 }, want: "broken" },
  { rule: { metric: "auc", against: "baseline", betterBy: 0.04 }, want: "kept" },
  { rule: { metric: "auc", against: "baseline", betterBy: 0.06 }, want: "broken" },
  { rule: { metric: "brier", against: "baseline", betterBy: 0.001 }, want: "broken" },
  { rule: { metric: "brier", against: "baseline", betterBy: 0.001, judge: "point" }, want: "kept" },
  { rule: { metric: "brier", against: "baseline", notWorseBy: 0.01 }, want: "kept" },
  { rule: { metric: "brier", against: "champion", notWorseBy: 0.002 }, want: "skipped" },
];

describe("the gate", () => {
  for (const { rule, want } of cases) {
    test(`${JSON.stringify(rule)} is ${want}`, () => {
      expect(judgeGate([gateRuleSchema.parse(rule)], measured()).rules[0]?.outcome).toBe(want);
    });
  }

  test("passes only what keeps every rule, and says what was broken with the figures found", () => {
    const rules = [gateRuleSchema.parse(cases[0]?.rule), gateRuleSchema.parse(cases[6]?.rule)];

    expect(judgeGate(rules, measured())).toMatchObject({
      passed: false,
      message:
        "broke 1 of 2 rules: auc better than the baseline by at least 0.06 (whole interval), found difference 0.0700 [0.0500, 0.0900]",
    });
  });

  test("a figure that is not a number keeps no rule", () => {
    const nothing = { value: Number.NaN, low: Number.NaN, high: Number.NaN };
    const broken = figures(0.7, 0.1, 0);
    const models = [{ role: "candidate", versionId: "v", figures: { ...broken, auc: nothing } } as ModelReport];
    const rules = [
      { metric: "auc", atLeast: 0 },
      { metric: "auc", atMost: 1 },
    ].map((rule) => gateRuleSchema.parse(rule));

    expect(judgeGate(rules, measured({ models })).rules.map((rule) => rule.outcome)).toEqual(["broken", "broken"]);
  });

  test("a rule without a bound, or with one that does not fit, is refused", () => {
    expect(gateRuleSchema.safeParse({ metric: "auc" }).success).toBe(false);
    expect(gateRuleSchema.safeParse({ metric: "auc", betterBy: 0.1 }).success).toBe(false);
    expect(gateRuleSchema.safeParse({ metric: "auc", against: "baseline", atLeast: 0.1 }).success).toBe(false);
  });
});
