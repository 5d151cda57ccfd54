import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BlockIndex, Matches } from "./block-index.ts";

/** Blocks of a prompt: the place in it, and which prompt, as chained hashes have it. */
function prompt(name: number, length: number): readonly number[] {
  return Array.from({ length }, (_, place) => name * 1000 + place);
}

function matchOf(index: BlockIndex, blocks: readonly number[]): ReadonlyMap<number, number> {
  const found = new Matches();
  index.match(blocks, 16, found);
  return new Map(found.seats.map((seat, place) => [seat, found.depths[place] ?? 0]));
}

describe("the block index", () => {
  test("finds who holds the beginning of a prompt, those with most of it first", () => {
    const index = new BlockIndex(1000);
    const [first, second, third] = [index.open(100), index.open(100), index.open(100)];
    index.learn(first, prompt(1, 4), 1);
    index.learn(second, prompt(1, 8), 2);
    index.learn(third, prompt(2, 8), 3);

    expect([...matchOf(index, prompt(1, 10))]).toEqual([
      [second, 8],
      [first, 4],
    ]);
    expect(matchOf(index, prompt(3, 4)).size).toBe(0);
    expect(index.depthOn(first, prompt(1, 10))).toBe(4);
  });

  test("forgets what was asked for longest ago when a cache is full, the end of a prompt before its beginning", () => {
    const index = new BlockIndex(1000);
    const seat = index.open(10);
    index.learn(seat, prompt(1, 6), 1);
    index.learn(seat, prompt(2, 6), 2);

    expect(index.depthOn(seat, prompt(1, 6))).toBe(4);
    expect(index.depthOn(seat, prompt(2, 6))).toBe(6);
    index.learn(seat, prompt(1, 4), 3);
    index.learn(seat, prompt(3, 6), 4);
    expect(index.depthOn(seat, prompt(2, 6))).toBe(0);
    expect(index.depthOn(seat, prompt(1, 4))).toBe(4);
  });

  test("says when the next block to be evicted was last asked for, once a cache is full", () => {
    const index = new BlockIndex(1000);
    const seat = index.open(6);
    index.learn(seat, prompt(1, 4), 10);
    expect(index.evictsFrom(seat)).toBeNull();
    index.learn(seat, prompt(2, 2), 20);

    expect(index.evictsFrom(seat)).toBe(10);
  });

  test("an engine that finds less than was thought gets a shorter list, and a longer one again later", () => {
    const index = new BlockIndex(100_000);
    const seat = index.open(10_000);
    for (let name = 0; name < 100; name += 1) index.learn(seat, prompt(name, 50), name);
    for (let turn = 0; turn < 20; turn += 1) index.observeHit(seat, 50, 0);
    index.learn(seat, prompt(200, 1), 200);
    const shrunk = index.countOf(seat);
    expect(shrunk).toBeLessThan(3000);

    for (let turn = 0; turn < 2000; turn += 1) index.observeHit(seat, 50, 50);
    for (let name = 0; name < 100; name += 1) index.learn(seat, prompt(name, 50), 300 + name);
    expect(index.countOf(seat)).toBe(5001);
  });

  test("remembers 32 holders of one block, however many there are", () => {
    const index = new BlockIndex(100_000);
    const seats = Array.from({ length: 200 }, () => index.open(100));
    for (const seat of seats) index.learn(seat, prompt(1, 4), 1);

    expect(index.entryCount).toBe(32 * 4);
    expect(matchOf(index, prompt(1, 4)).size).toBe(32);
  });

  test("whatever is learnt and forgotten, memory is bounded and every replica holds what a plain list would", () => {
    const step = fc.record({
      kind: fc.constantFrom("learn", "forget", "reopen"),
      seat: fc.nat(3),
      name: fc.nat(5),
      length: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const capacity = 70;
        const index = new BlockIndex(400);
        const seats = Array.from({ length: 4 }, () => index.open(capacity));
        const lists: number[][] = seats.map(() => []);
        for (const [now, { kind, seat: at, name, length }] of steps.entries()) {
          const [seat, blocks] = [seats[at] ?? 0, prompt(name, length)];
          const list = lists[at] ?? [];
          if (kind === "learn") {
            index.learn(seat, blocks, now);
            lists[at] = [...list.filter((block) => !blocks.includes(block)), ...blocks.toReversed()].slice(-capacity);
          } else if (kind === "forget") {
            index.forget(seat, blocks);
            lists[at] = list.filter((block) => !blocks.includes(block));
          } else {
            index.close(seat);
            seats[at] = index.open(capacity);
            lists[at] = [];
          }
        }

        for (const [at, list] of lists.entries()) {
          const seat = seats[at] ?? 0;
          expect(index.countOf(seat)).toBe(list.length);
          for (const block of list) expect(index.depthOn(seat, [block])).toBe(1);
        }
        expect(index.entryCount).toBe(lists.reduce((sum, list) => sum + list.length, 0));
        for (const seat of seats) index.close(seat);
        expect(index.entryCount).toBe(0);
      }),
    );
  });

  test("many replicas share what entries there may be", () => {
    const index = new BlockIndex(6400);
    const seats = Array.from({ length: 64 }, () => index.open(1_000_000));
    for (const seat of seats)
      for (let name = 0; name < 20; name += 1) index.learn(seat, prompt(seat * 50 + name, 40), name);

    expect(index.entryCount).toBeLessThanOrEqual(6400);
    for (const seat of seats) expect(index.countOf(seat)).toBeGreaterThanOrEqual(64);
  });
});
