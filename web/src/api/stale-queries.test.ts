import { expect, test } from "vitest";
import { StaleQueries } from "./stale-queries.ts";

/** What is asked again when, if at every due moment what is due is taken. */
function play(
  stale: StaleQueries,
  events: readonly (readonly [at: number, names: readonly string[]])[],
  until: number,
) {
  const asked: (readonly [number, string])[] = [];
  const take = (at: number): void => asked.push(...stale.take(at).map((name) => [at, name] as const)) as never;
  for (const [at, names] of events) {
    for (let due = stale.nextAt; due !== null && due <= at; due = stale.nextAt) take(due);
    stale.note(names, at);
  }
  for (let due = stale.nextAt; due !== null && due <= until; due = stale.nextAt) take(due);
  return asked;
}

test("gathers events that come together into one round", () => {
  expect(
    play(
      new StaleQueries(),
      [
        [0, ["queue"]],
        [100, ["queue", "pools"]],
      ],
      10_000,
    ),
  ).toEqual([
    [300, "queue"],
    [400, "pools"],
  ]);
});

test("asks for a schedule at most every two seconds, however many events there are, and once more when it is quiet", () => {
  const busy = Array.from({ length: 100 }, (_, index) => [index * 100, ["schedule"]] as const);
  const moments = play(new StaleQueries(), busy, 60_000).map(([at]) => at);
  const gaps = moments.slice(1).map((at, index) => at - (moments[index] ?? 0));

  expect(moments[0]).toBe(300);
  expect(moments.length).toBeLessThan(9);
  expect(Math.min(...gaps.slice(0, -1))).toBeGreaterThanOrEqual(2_000);
  // The last event was at 9,900: its pass has planned by then.
  expect(moments.at(-1)).toBe(11_900);
});

test("nothing is due when nothing was told", () => {
  expect(new StaleQueries().nextAt).toBeNull();
});
