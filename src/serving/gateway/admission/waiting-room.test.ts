import { expect, test } from "vitest";
import { WaitingRoom } from "./waiting-room.ts";

const far = Number.MAX_SAFE_INTEGER;
const policy = { heldMax: 3, holdMaxMs: 120_000 };

test("one replica is asked for, however many requests come, and all are let go in their order", () => {
  const room = new WaitingRoom(policy);

  expect(["a", "b", "c"].map((id) => room.hold(id, far, 0))).toEqual([
    { kind: "held", isFirst: true },
    { kind: "held", isFirst: false },
    { kind: "held", isFirst: false },
  ]);
  expect(room.open(30_000)).toEqual(["a", "b", "c"]);
  expect(room.size).toBe(0);
  expect(room.nextDeadline).toBeNull();
  expect(room.hold("d", far, 40_000)).toEqual({ kind: "held", isFirst: true });
});

test("a full room tells when a replica should be ready, from what cold starts took", () => {
  const room = new WaitingRoom(policy);
  for (const id of ["a", "b", "c"]) room.hold(id, far, 0);
  expect(room.hold("d", far, 5_000)).toEqual({ kind: "shed", why: "full", retryAfterMs: 55_000 });
  room.open(20_000);
  for (const id of ["e", "f", "g"]) room.hold(id, far, 100_000);

  expect(room.coldStartMs).toBe(20_000);
  expect(room.hold("h", far, 108_000)).toMatchObject({ retryAfterMs: 12_000 });
  expect(room.hold("h", far, 150_000)).toMatchObject({ retryAfterMs: 1_000 });
});

test("nobody is held beyond the deadline, nor beyond the room's own limit", () => {
  const room = new WaitingRoom(policy);
  room.hold("a", 10_000, 0);
  room.hold("b", far, 0);

  expect(room.hold("late", 0, 0)).toMatchObject({ kind: "shed", why: "late" });
  expect(room.nextDeadline).toBe(10_000);
  expect(room.expire(9_999)).toEqual([]);
  expect(room.expire(10_000)).toEqual(["a"]);
  expect(room.expire(120_000)).toEqual(["b"]);
});

test("a caller that goes away is not held, and after a failed start the next one asks again", () => {
  const room = new WaitingRoom(policy);
  room.hold("a", far, 0);
  expect(room.cancel("a")).toBe(true);
  expect(room.cancel("a")).toBe(false);
  expect(() => [room.hold("b", far, 1), room.hold("b", far, 1)]).toThrow(/held twice/);
  room.startFailed();

  expect(room.hold("c", far, 2)).toEqual({ kind: "held", isFirst: true });
  expect(room.open(3)).toEqual(["b", "c"]);
});
