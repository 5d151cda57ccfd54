import fc from "fast-check";
import { expect, test } from "vitest";
import { anyShape, taskOf } from "./fixtures/arbitrary-capacity.ts";
import { typicalMix, typicalWorkload } from "./typical-mix.ts";

test("the mix holds the most frequent classes until 95 % are covered, with shares that add up to 1", () => {
  const requests = [
    ...new Array(60).fill(taskOf(1, 500)),
    ...new Array(30).fill(taskOf(0, 0, { cpuMillis: 1000 })),
    ...new Array(6).fill(taskOf(8, 1000)),
    ...new Array(4).fill(taskOf(2, 1000)),
  ];

  expect(typicalMix(requests)).toEqual([
    { cpuMillis: 4000, gpus: 1, gpuMillis: 500, gpuModels: [], frequency: 60 / 96 },
    { cpuMillis: 1000, gpus: 0, gpuMillis: 0, gpuModels: [], frequency: 30 / 96 },
    { cpuMillis: 4000, gpus: 8, gpuMillis: 1000, gpuModels: [], frequency: 6 / 96 },
  ]);
});

test("memory does not tell classes apart, GPU models do", () => {
  const mix = typicalMix([
    taskOf(1, 500, { memory: 1 }),
    taskOf(1, 500, { memory: 2 }),
    taskOf(1, 500, { gpuModels: ["T4"] }),
  ]);

  expect(mix.map(({ gpuModels, frequency }) => [gpuModels, frequency])).toEqual([
    [[], 2 / 3],
    [["T4"], 1 / 3],
  ]);
});

test("of classes with equal counts the larger ones are kept", () => {
  const requests = Array.from({ length: 100 }, (_, index) => taskOf(1, 500, { cpuMillis: index * 1000 }));

  expect(Math.min(...typicalMix(requests).map((each) => each.cpuMillis))).toBe(5000);
});

test("the order of the requests does not matter", () => {
  fc.assert(
    fc.property(fc.array(anyShape, { maxLength: 40 }), (requests) => {
      expect(typicalMix(requests.toReversed())).toEqual(typicalMix(requests));
    }),
  );
});

test("a typical workload also holds the classes as if every task could use every model", () => {
  const requests = [
    taskOf(1, 500),
    taskOf(1, 500, { gpuModels: ["T4"] }),
    taskOf(2, 1000, { gpuModels: ["T4", "G2"] }),
  ];
  const { classes, classesOfAnyModel } = typicalWorkload(requests);

  expect(classes).toEqual(typicalMix(requests));
  expect(classesOfAnyModel).toEqual([
    { cpuMillis: 4000, gpus: 1, gpuMillis: 500, gpuModels: [], frequency: 2 / 3 },
    { cpuMillis: 4000, gpus: 2, gpuMillis: 1000, gpuModels: [], frequency: 1 / 3 },
  ]);
});

test("no requests have no mix", () => {
  expect(typicalMix([])).toEqual([]);
});
