import { expect, test } from "vitest";
import { SlotQueue } from "./slot-queue.ts";

const first = (free: readonly string[]): string => free[0] ?? "";
const never = new AbortController().signal;

test("slots go to who came first, and the bound on waiting holds", async () => {
  const queue = new SlotQueue(["a"], 1);
  const slot = await queue.acquire(first, never);
  const second = queue.acquire(first, never);

  await expect(queue.acquire(first, never)).rejects.toMatchObject({ code: "serving.overloaded" });
  expect([queue.running, queue.waiting]).toEqual([1, 1]);

  queue.release(slot);
  expect(await second).toBe("a");
  queue.release("a");
  expect([queue.running, queue.waiting]).toEqual([0, 0]);
});

test("who gives up while waiting leaves the queue and takes no slot", async () => {
  const queue = new SlotQueue(["a"], 2);
  await queue.acquire(first, never);
  const given = new AbortController();
  const quitter = queue.acquire(first, given.signal);
  const patient = queue.acquire(first, never);
  given.abort(new Error("gone"));

  await expect(quitter).rejects.toThrow("gone");
  queue.release("a");

  expect(await patient).toBe("a");
});

test("the caller chooses among the free slots", async () => {
  const queue = new SlotQueue(["a", "b", "c"], 0);

  expect(await queue.acquire((free) => free[2] ?? "", never)).toBe("c");
  expect(await queue.acquire((free) => free[1] ?? "", never)).toBe("b");
});
