import { expect, test } from "vitest";
import { formatAmount, quotaNodeWords, resourceName, resourceRank } from "./quota-words.ts";

test("names resources and their amounts in the units that people use", () => {
  expect(["gpu", "gpu:H100", "cpu", "memory", "licences"].map(resourceName)).toEqual([
    "GPUs",
    "H100 GPUs",
    "CPUs",
    "Memory",
    "licences",
  ]);
  expect(formatAmount("gpu:H100", 2500)).toBe("2.5");
  expect(formatAmount("cpu", 64_000)).toBe("64");
  expect(formatAmount("memory", 64e9)).toBe("64 GB");
  expect(formatAmount("licences", 3)).toBe("3");
});

test("lists GPUs first and custom resources last", () => {
  const keys = ["licences", "memory", "gpu:H100", "cpu", "gpu"];

  expect(keys.toSorted((left, right) => resourceRank(left) - resourceRank(right))).toEqual([
    "gpu",
    "gpu:H100",
    "cpu",
    "memory",
    "licences",
  ]);
});

test("tells what a node of the quota tree stands for", () => {
  expect(quotaNodeWords("team/vision")).toEqual({ sort: "team", name: "vision" });
  expect(quotaNodeWords("quota/research")).toEqual({ sort: "group", name: "research" });
  expect(quotaNodeWords("platform")).toEqual({ sort: "all there is", name: "platform" });
});
