import { expect, test } from "vitest";
import { LeavingReplicas } from "./leaving-replicas.ts";

const stops = [{ id: "a", why: "replaced" }];

test("a replica is stopped once the gateway tells, after it left, that nothing is under way there", () => {
  const leaving = new LeavingReplicas();
  let toldAt = 900;
  const rule = { deadlineMs: 60_000, isIdle: (_: string, since: number) => toldAt > since };

  expect(leaving.due("chat", stops, rule, 1_000)).toEqual([]);
  toldAt = 1_500;
  expect(leaving.due("chat", stops, rule, 2_000)).toEqual(stops);
});

test("one whose requests do not end is stopped at its deadline, counted anew when it came back in between", () => {
  const leaving = new LeavingReplicas();
  const rule = { deadlineMs: 60_000, isIdle: () => false };

  expect(leaving.due("chat", stops, rule, 0)).toEqual([]);
  expect(leaving.due("chat", [], rule, 30_000)).toEqual([]);
  expect(leaving.due("chat", stops, rule, 60_000)).toEqual([]);
  expect(leaving.due("chat", stops, rule, 119_999)).toEqual([]);
  expect(leaving.due("chat", stops, rule, 120_000)).toEqual(stops);
});
