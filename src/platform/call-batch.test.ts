import { expect, test } from "vitest";
import { CallBatch } from "./call-batch.ts";

test("gathers what arrives while a batch is on its way, and answers each caller with its own", async () => {
  const batches: (readonly number[])[] = [];
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const batch = new CallBatch<number, string>(3, async (inputs) => {
    batches.push(inputs);
    await gate;
    return inputs.map((input) => `answer ${input}`);
  });
  const first = [1, 2].map((input) => batch.call(input));
  const rest = [3, 4, 5, 6, 7].map((input) => batch.call(input));
  open();

  expect(await Promise.all([...first, ...rest])).toEqual([1, 2, 3, 4, 5, 6, 7].map((input) => `answer ${input}`));
  expect(batches.map((inputs) => inputs.length)).toEqual([3, 3, 1]);
});

test("tells every caller of a batch that failed, and goes on with the next", async () => {
  const batch = new CallBatch<number, number>(2, async (inputs) => {
    if (inputs.includes(1)) throw new Error("the database is away");
    return inputs;
  });
  const outcomes = await Promise.allSettled([1, 2, 3].map((input) => batch.call(input)));

  expect(outcomes.map((outcome) => outcome.status)).toEqual(["rejected", "rejected", "fulfilled"]);
});
