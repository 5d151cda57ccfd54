import { expect, test } from "vitest";
import { findAccelerator } from "../catalog/find-accelerator.ts";
import { findModel } from "../catalog/find-model.ts";
import { isGraphed, type RunKind, stackLineOf } from "./stack-constants.ts";

const run: RunKind = {
  stack: "megatron-core",
  model: findModel("DeepSeek-V3"),
  accelerator: findAccelerator("B300"),
  precision: "fp8",
};

test.each([
  ["8 bits on Blackwell with today's software", {}, true],
  ["16 bits, which the fused kernels are not written for", { precision: "bf16" as const }, false],
  ["software of before they were", { softwareYear: 2026.25 }, false],
  ["Hopper", { accelerator: findAccelerator("H100") }, false],
])("whether steps with experts are captured: %s", (_what, change, expected) => {
  expect(isGraphed({ ...run, ...change })).toBe(expected);
});

test("what a run says of itself goes before what its software would do, and picks its constants", () => {
  expect(stackLineOf(run)).toBe("megatron-core-experts-graphs");
  expect(stackLineOf({ ...run, isGraphed: false })).toBe("megatron-core-experts");
  expect(stackLineOf({ ...run, precision: "bf16", isGraphed: true })).toBe("megatron-core-experts-graphs");
});
