import fc from "fast-check";
import { expect, test } from "vitest";
import { FairQueue, type FairRequest, type Flow } from "./fair-queue.ts";

interface Named extends FairRequest<Named> {
  readonly id: string;
}

function request(flow: Flow<Named>, id: string, cost: number): Named {
  return { id, flow, cost, arrivedAt: 0, behind: null, ahead: null, later: null, earlier: null };
}

const costs = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 30, maxLength: 60, size: "max" });

test("two tenants that wait all the time differ by at most the largest request, by weight", () => {
  fc.assert(
    fc.property(costs, costs, fc.constantFrom(1, 2, 5), fc.nat(10_000), (left, right, weight, before) => {
      const queue = new FairQueue<Named>();
      queue.startAtOnce(queue.flowOf("earlier", 1), before);
      const flows = [queue.flowOf("left", weight), queue.flowOf("right", 1)];
      left.forEach((cost, at) => queue.add(request(queue.flowOf("left", weight), `left-${at}`, cost)));
      right.forEach((cost, at) => queue.add(request(queue.flowOf("right", 1), `right-${at}`, cost)));
      const got = new Map<string, number>(flows.map((flow) => [flow.tenant, 0]));
      const largest = Math.max(Math.max(...left) / weight, Math.max(...right));

      while (flows.every((flow) => flow.oldest !== null)) {
        const { next } = queue;
        if (next === null) throw new Error("both wait and none is next");
        queue.start(next);
        got.set(next.flow.tenant, (got.get(next.flow.tenant) ?? 0) + next.cost);
        const difference = (got.get("left") ?? 0) / weight - (got.get("right") ?? 0);
        expect(Math.abs(difference)).toBeLessThanOrEqual(largest + 1e-6);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("between any two moments, tenants that wait all the time differ by at most their two largest requests", () => {
  fc.assert(
    fc.property(costs, costs, fc.nat(20), (left, right, skipped) => {
      const queue = new FairQueue<Named>();
      left.forEach((cost, at) => queue.add(request(queue.flowOf("left", 1), `left-${at}`, cost)));
      right.forEach((cost, at) => queue.add(request(queue.flowOf("right", 1), `right-${at}`, cost)));
      const bound = Math.max(...left) + Math.max(...right);
      let difference = 0;
      for (
        let turn = 0;
        queue.flowOf("left", 1).oldest !== null && queue.flowOf("right", 1).oldest !== null;
        turn += 1
      ) {
        const { next } = queue;
        if (next === null) throw new Error("both wait and none is next");
        queue.start(next);
        if (turn < skipped) continue;
        difference += next.flow.tenant === "left" ? next.cost : -next.cost;
        expect(Math.abs(difference)).toBeLessThanOrEqual(bound);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("whoever was reckoned too dear gets the difference back when the request ends", () => {
  const queue = new FairQueue<Named>();
  const [dear, plain] = [queue.flowOf("dear", 1), queue.flowOf("plain", 1)];
  for (let at = 0; at < 20; at += 1) {
    queue.add(request(dear, `dear-${at}`, 100));
    queue.add(request(plain, `plain-${at}`, 10));
  }
  const started = { dear: 0, plain: 0 };
  for (let turn = 0; turn < 20; turn += 1) {
    const { next } = queue;
    if (next === null) throw new Error("nobody waits");
    queue.start(next);
    if (next.flow === dear) {
      started.dear += 1;
      queue.correct(dear, 10 - 100);
    } else started.plain += 1;
  }

  expect(started).toEqual({ dear: 10, plain: 10 });
});

test("a tenant that comes back gets no credit for the time in which it wanted nothing", () => {
  const queue = new FairQueue<Named>();
  const busy = queue.flowOf("busy", 1);
  queue.flowOf("idle", 1);
  for (let at = 0; at < 100; at += 1) queue.add(request(busy, `busy-${at}`, 10));
  for (let turn = 0; turn < 50; turn += 1) if (queue.next !== null) queue.start(queue.next);

  for (let at = 0; at < 50; at += 1) queue.add(request(queue.flowOf("idle", 1), `idle-${at}`, 10));
  const next20 = Array.from({ length: 20 }, () => {
    const { next } = queue;
    if (next !== null) queue.start(next);
    return next?.flow.tenant;
  });
  expect(next20.filter((tenant) => tenant === "idle")).toHaveLength(10);
});

test("a request that has left leads to none of those that stay", () => {
  const queue = new FairQueue<Named>();
  const flow = queue.flowOf("one", 1);
  const requests = ["first", "middle", "last"].map((id) => request(flow, id, 10));
  for (const each of requests) queue.add(each);
  const [first, middle] = requests;
  if (first === undefined || middle === undefined) throw new Error("three were made");

  queue.remove(middle);
  queue.start(first);
  for (const { behind, ahead, later, earlier } of [first, middle]) {
    expect([behind, ahead, later, earlier]).toEqual([null, null, null, null]);
  }
  expect(queue.next?.id).toBe("last");
});
