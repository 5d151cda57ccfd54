import { expect, test } from "vitest";
import { MicroBatcher, type RowBlock } from "./micro-batch.ts";

/** A batcher whose runs the test lets go one by one. */
function heldBatcher(options: ConstructorParameters<typeof MicroBatcher>[1] = {}) {
  const runs: RowBlock<string>[][] = [];
  const gates: (() => void)[] = [];
  const batcher = new MicroBatcher<string, string>(async (blocks) => {
    runs.push([...blocks]);
    await new Promise<void>((resolve) => gates.push(resolve));
    return blocks.map((block) => `answer to ${block.input}`);
  }, options);
  const letGo = async (): Promise<void> => {
    gates.shift()?.();
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  };
  const inputs = (): readonly (readonly string[])[] => runs.map((run) => run.map((block) => block.input));
  return { batcher, letGo, inputs };
}

test("rows that come while a run is under way share the next one, and each caller gets its own answer", async () => {
  const { batcher, letGo, inputs } = heldBatcher();
  const answers = ["a", "b", "c"].map(async (input) => await batcher.submit({ rows: 1, input }));
  expect(batcher.waitingRows).toBe(2);
  await letGo();
  await letGo();

  expect(await Promise.all(answers)).toEqual(["answer to a", "answer to b", "answer to c"]);
  expect(inputs()).toEqual([["a"], ["b", "c"]]);
});

test("a run holds no more rows than it may, but never splits a caller", async () => {
  const { batcher, letGo, inputs } = heldBatcher({ maxRows: 4 });
  const answers = [1, 3, 2, 9].map(async (rows, index) => await batcher.submit({ rows, input: String(index) }));
  for (let run = 0; run < 4; run += 1) await letGo();

  await Promise.all(answers);
  expect(inputs()).toEqual([["0"], ["1"], ["2"], ["3"]]);
});

test("blocks of another shape wait for a run of their own, in the order in which they came", async () => {
  const { batcher, letGo, inputs } = heldBatcher();
  const submit = async (input: string, key: string) => await batcher.submit({ rows: 1, input, key });
  const answers = [submit("a", "4"), submit("b", "5"), submit("c", "4"), submit("d", "5")];
  for (let run = 0; run < 3; run += 1) await letGo();

  await Promise.all(answers);
  expect(inputs()).toEqual([["a"], ["b", "d"], ["c"]]);
});

test("with a pause, a first row waits for company; a full run does not", async () => {
  let pauses = 0;
  const pause = async (): Promise<void> => {
    pauses += 1;
    await Promise.resolve();
  };
  const { batcher, letGo, inputs } = heldBatcher({ maxRows: 2, pause });
  const answers = ["a", "b", "c", "d"].map(async (input) => await batcher.submit({ rows: 1, input }));
  for (let run = 0; run < 3; run += 1) await letGo();

  await Promise.all(answers);
  expect(inputs()).toEqual([
    ["a", "b"],
    ["c", "d"],
  ]);
  expect(pauses).toBe(1);
});

test("too many waiting rows are refused at once", async () => {
  const { batcher, letGo } = heldBatcher();
  const first = batcher.submit({ rows: 1, input: "a" });
  const second = batcher.submit({ rows: 65_536, input: "b" });

  await expect(batcher.submit({ rows: 1, input: "c" })).rejects.toMatchObject({ code: "serving.overloaded" });
  await letGo();
  await letGo();
  expect(await Promise.all([first, second])).toHaveLength(2);
});
