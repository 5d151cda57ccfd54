import { expect, test } from "vitest";
import { sizeTraining } from "./size-training.ts";

const run = { model: "Llama-3.1-8B", accelerator: "H100", gpus: 16 };
const stepOf = (network: string | number): number => sizeTraining({ ...run, network }).step.seconds;

test("a node's network is a name, or a rate in bits or in bytes: 3200Gb/s are 400GB/s", () => {
  expect(stepOf("3200Gb/s")).toBeCloseTo(stepOf("400GB/s"), 9);
  expect(stepOf(400)).toBeCloseTo(stepOf("400GB/s"), 9);
  expect(stepOf("100Gb/s")).toBeGreaterThan(stepOf("3200Gb/s"));
  expect(() => stepOf("400GiB/s")).toThrow("a rate with its unit");
  expect(() => stepOf("token ring")).toThrow("has no interconnect");
});

test("a network given as a bare number is told back in bytes and in bits", () => {
  expect(sizeTraining({ ...run, network: 400 }).assumptions.join("\n")).toContain(
    "400 GB/s (bytes) out of one node, which are 3200 Gb/s",
  );
});

test("sequences beyond what a model was made for are answered with a caution", () => {
  expect(sizeTraining({ ...run, model: "Llama-2-7B", sequenceTokens: 8192 }).cautions.join()).toContain(
    "made for sequences of 4096",
  );
  expect(sizeTraining(run).cautions).toEqual([]);
});
