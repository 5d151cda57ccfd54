import { afterEach, expect, test } from "vitest";
import { isFault } from "../../base/fault.ts";
import type { PlanningTask } from "../questions/model.ts";
import { type PlannerLimits, PlannerThreads } from "./planner-threads.ts";

const limits: PlannerLimits = { threads: 1, waiting: 1, answerMs: 60_000, memoryMib: 256 };
const task = (question: Readonly<Record<string, unknown>>): PlanningTask => ({
  kind: "size-training",
  question,
  thisMonth: "2026-12",
});
const small = task({ model: "Llama-3.1-8B", accelerator: "H100", gpus: 8 });
const forever = new AbortController().signal;

let planner: PlannerThreads;
afterEach(async () => await planner.stop());

test("answers in a thread, while this one goes on", async () => {
  planner = new PlannerThreads(limits);
  let turns = 0;
  const tick = setInterval(() => (turns += 1), 1);

  const { answer, files } = await planner.answer(small, forever);
  clearInterval(tick);

  expect(answer).toMatchObject({ model: "Llama-3.1-8B", gpus: 8 });
  expect(Object.keys(files)).toEqual(["report.md", "report.html", "tables.csv"]);
  expect(turns).toBeGreaterThan(0);
});

test("a refused question is the planner's own fault, and the thread answers the next one", async () => {
  planner = new PlannerThreads(limits);

  await expect(planner.answer(task({ ...questionOf(small), gpus: -1 }), forever)).rejects.toThrow(/gpus/);
  await expect(planner.answer(task({ ...questionOf(small), accelerator: "H10" }), forever)).rejects.toMatchObject({
    code: "planning.accelerator-unknown",
  });
  await expect(planner.answer(small, forever)).resolves.toMatchObject({ kind: "answer" });
});

test("more questions than may wait are refused at once, the others are answered", async () => {
  planner = new PlannerThreads(limits);
  const asked = [1, 2, 3, 4].map((gpus) => planner.answer(task({ ...questionOf(small), gpus: 8 * gpus }), forever));
  const ends = await Promise.allSettled(asked);

  expect(ends.map((end) => end.status)).toEqual(["fulfilled", "fulfilled", "rejected", "rejected"]);
  const refusals = ends.flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
  expect(refusals.every((error) => isFault(error, "planning.busy"))).toBe(true);
});

test("a question that takes too long ends with its thread, and the next one is answered", async () => {
  planner = new PlannerThreads({ ...limits, answerMs: 0 });

  await expect(planner.answer(small, forever)).rejects.toMatchObject({ code: "planning.timeout" });
  await planner.stop();
  planner = new PlannerThreads(limits);
  await expect(planner.answer(small, forever)).resolves.toMatchObject({ kind: "answer" });
});

test("an asker who goes away frees the thread for the next one", async () => {
  planner = new PlannerThreads(limits);
  const left = new AbortController();
  const first = planner.answer(small, left.signal);
  const second = planner.answer(small, forever);
  left.abort(new Error("the client went away"));

  await expect(first).rejects.toThrow("the client went away");
  await expect(second).resolves.toMatchObject({ kind: "answer" });
});

test("those who wait when the server stops are told", async () => {
  planner = new PlannerThreads(limits);
  const asked = [planner.answer(small, forever), planner.answer(small, forever)];
  const ends = Promise.allSettled(asked);
  await planner.stop();

  expect((await ends).map((end) => end.status)).toEqual(["rejected", "rejected"]);
});

function questionOf({ question }: PlanningTask): Record<string, unknown> {
  return { ...(question as Record<string, unknown>) };
}
