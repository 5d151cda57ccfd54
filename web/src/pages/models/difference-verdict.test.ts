import { expect, test } from "vitest";
import { gainOf, gainTone } from "./difference-verdict.ts";

test("less log loss is a gain, more is none", () => {
  const gain = gainOf({
    metric: "log-loss",
    against: "baseline",
    difference: { value: -0.02, low: -0.03, high: -0.01 },
  });

  expect(gain).toEqual({ value: 0.02, low: 0.01, high: 0.03 });
  expect(gainTone(gain)).toBe("good");
});

test("an interval across zero says nothing yet", () => {
  expect(gainTone({ value: 0.1, low: -0.1, high: 0.3 })).toBe("waiting");
  expect(gainTone({ value: -0.1, low: -0.2, high: -0.01 })).toBe("bad");
});
