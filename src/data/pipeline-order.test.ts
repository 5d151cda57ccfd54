import fc from "fast-check";
import { expect, test } from "vitest";
import { pipelineSpecSchema, type PipelineSpec } from "./model.ts";
import { orderPipeline, readsOf } from "./pipeline-order.ts";

const specOf = (steps: readonly (readonly [name: string, reads?: readonly string[]])[]): PipelineSpec =>
  pipelineSpecSchema.parse({
    inputs: { raw: "flights" },
    steps: steps.map(([name, reads]) => ({ name, sql: "SELECT 1", output: name.replaceAll("_", "-"), reads })),
  });

test("puts each step after what it reads", () => {
  const order = orderPipeline(specOf([["summary", ["clean"]], ["clean"]]));

  expect(order.kind === "ordered" && order.steps.map((step) => step.name)).toEqual(["clean", "summary"]);
});

test.each([
  [
    "a cycle",
    specOf([
      ["a", ["b"]],
      ["b", ["a"]],
    ]),
    /a, b wait for each other/,
  ],
  ["a table that nobody makes", specOf([["a", ["absent"]]]), /reads absent/],
  ["two steps of one name", specOf([["a"], ["a"]]), /two tables have the name a/],
  [
    "an output that is an input",
    pipelineSpecSchema.parse({
      inputs: { raw: "flights" },
      steps: [{ name: "a", sql: "SELECT 1", output: "flights" }],
    }),
    /both an input and an output/,
  ],
])("refuses %s", (_, spec, problem) => {
  const order = orderPipeline(spec);

  expect(order.kind === "invalid" && order.problems.join(" ")).toMatch(problem);
});

test("orders every graph without a cycle, and loses no step", () => {
  const graph = fc
    .integer({ min: 1, max: 12 })
    .chain((count) =>
      fc.tuple(
        fc.array(fc.array(fc.nat({ max: 11 }), { maxLength: 4 }), { minLength: count, maxLength: count }),
        fc.shuffledSubarray([...Array(count).keys()], { minLength: count, maxLength: count }),
      ),
    );

  fc.assert(
    fc.property(graph, ([edges, places]) => {
      const steps = edges.map(
        (reads, step) =>
          [`s${step}`, [...new Set(reads.filter((each) => each < step))].map((each) => `s${each}`)] as const,
      );
      const spec = specOf(places.flatMap((place) => steps.slice(place, place + 1)));

      const order = orderPipeline(spec);

      if (order.kind === "invalid") throw new Error(order.problems.join());
      const names = order.steps.map((step) => step.name);
      expect(names.toSorted()).toEqual(steps.map(([name]) => name).toSorted());
      for (const step of order.steps) {
        for (const read of readsOf(spec, step)) expect(names.indexOf(read)).toBeLessThan(names.indexOf(step.name));
      }
    }),
  );
});
