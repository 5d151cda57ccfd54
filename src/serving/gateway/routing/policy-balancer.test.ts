import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../base/random.ts";
import type { Endpoint, Picked, RoutingAsk } from "./balancer.ts";
import { createBalancer, policyNames } from "./create-balancer.ts";
import type { PolicyBalancer } from "./policy-balancer.ts";

const settings = { tokensPerBlock: 64, indexEntriesMax: 1 << 16 };
const everyone = (): boolean => true;

function endpoints(count: number, changes: Partial<Endpoint> = {}): readonly Endpoint[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `replica-${index}`,
    weight: 1,
    slots: 16,
    adapters: [],
    ...changes,
  }));
}

function askOf(prompt: number, changes: Partial<RoutingAsk> = {}): RoutingAsk {
  const blocks = Array.from({ length: 16 }, (_, place) => prompt * 1000 + place);
  return { tokensIn: 1024, tokensOut: 128, blocks, session: null, adapter: null, ...changes };
}

function answer(balancer: PolicyBalancer, picked: Picked, firstByteAt: number, endsAt: number): void {
  balancer.firstByte(picked, firstByteAt);
  balancer.end(picked, { kind: "done", tokensIn: 1024, tokensOut: 128 }, endsAt);
}

function pickOne(balancer: PolicyBalancer, ask: RoutingAsk, now: number): Picked {
  const picked = balancer.pick(ask, everyone, now);
  if (picked === null) throw new Error("nobody was picked, though all replicas are usable");
  return picked;
}

describe.each(policyNames)("the policy %s", (name) => {
  test("counts a request from its pick to its end, once, whatever the order of events", () => {
    const step = fc.record({
      kind: fc.constantFrom("pick", "pick", "byte", "end", "fail", "retain"),
      choice: fc.nat(),
      prompt: fc.nat(6),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), fc.nat(), (steps, seed) => {
        const balancer = createBalancer(name, settings, seededRandom(seed));
        balancer.retain(endpoints(5), 0);
        let flights: Picked[] = [];
        for (const [now, { kind, choice, prompt }] of steps.entries()) {
          const flight = flights[choice % Math.max(1, flights.length)];
          if (kind === "pick") {
            const picked = balancer.pick(askOf(prompt, { session: `s${prompt}` }), everyone, now * 100);
            if (picked !== null) flights.push(picked);
          } else if (kind === "retain") {
            // Two of the replicas go or come back; what is in flight on those that go is no longer counted.
            balancer.retain(endpoints(3 + (choice % 3)), now * 100);
          } else if (flight !== undefined) {
            if (kind === "byte") balancer.firstByte(flight, now * 100);
            else {
              const outcome = kind === "end" ? "done" : "failed";
              balancer.end(flight, { kind: outcome, tokensIn: 1, tokensOut: 1 }, now * 100);
              flights = flights.filter((each) => each !== flight);
            }
          }
          for (const { id } of endpoints(5)) {
            const held = flights.filter(({ endpoint, ticket }) => endpoint === id && ticket.member.listPlace !== -1);
            expect(balancer.inFlight(id)).toBe(held.length);
          }
        }
        for (const flight of flights) balancer.end(flight, { kind: "aborted", tokensIn: 0, tokensOut: 0 }, 1e5);
        for (const { id } of endpoints(5)) expect(balancer.inFlight(id)).toBe(0);
        const loads = balancer.takeNews().loads;
        for (const load of loads) {
          expect([load.requests, Math.abs(load.prefillTokens) < 1e-6, load.outputTokens]).toEqual([0, true, 0]);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("picks a usable replica exactly when there is one", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 80 }), fc.nat(), (usable, seed) => {
        const balancer = createBalancer(name, settings, seededRandom(seed));
        balancer.retain(endpoints(usable.length), 0);
        const isUsable = (id: string): boolean => usable[Number(id.slice(8))] ?? false;
        for (let turn = 0; turn < 10; turn += 1) {
          const picked = balancer.pick(askOf(turn % 3, { session: `s${turn % 3}` }), isUsable, turn);

          expect(picked !== null).toBe(usable.includes(true));
          if (picked !== null) expect(isUsable(picked.endpoint)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("picks the same from the same seed", () => {
    const picks = [1, 2].map(() => {
      const balancer = createBalancer(name, settings, seededRandom(42));
      balancer.retain(endpoints(9), 0);
      return Array.from({ length: 200 }, (_, turn) => pickOne(balancer, askOf(turn % 7), turn).endpoint);
    });

    expect(picks[0]).toEqual(picks[1]);
    expect(new Set(picks[0]).size).toBeGreaterThan(1);
  });

  test("looks at no more replicas of 4,000 than a bound that does not know how many there are", () => {
    const looks = [64, 4000].map((count) => {
      const balancer = createBalancer(name, settings, seededRandom(1));
      balancer.retain(endpoints(count), 0);
      let most = 0;
      for (let turn = 0; turn < 3000; turn += 1) {
        const picked = pickOne(balancer, askOf(turn % 50, { session: `s${turn % 50}` }), turn);
        most = Math.max(most, balancer.looks);
        if (turn % 3 !== 0) answer(balancer, picked, turn, turn);
      }
      return most;
    });

    // A walk around the ring passes up to 256 members, the others look at fewer.
    expect(Math.max(...looks)).toBeLessThanOrEqual(300);
  });

  test("leaves no replica without work when prompts differ", () => {
    const balancer = createBalancer(name, settings, seededRandom(3));
    balancer.retain(endpoints(10), 0);
    const counts = new Map<string, number>();
    const flights: Picked[] = [];
    for (let turn = 0; turn < 2000; turn += 1) {
      const now = turn * 20;
      const picked = pickOne(balancer, askOf(turn, { session: `s${turn}` }), now);
      counts.set(picked.endpoint, (counts.get(picked.endpoint) ?? 0) + 1);
      flights.push(picked);
      const done = flights.length > 20 ? flights.shift() : undefined;
      if (done !== undefined) answer(balancer, done, now, now);
    }

    expect(counts.size).toBe(10);
    expect(Math.min(...counts.values())).toBeGreaterThan(60);
  });

  test("gives an adapter only to replicas that serve it", () => {
    const balancer = createBalancer(name, settings, seededRandom(5));
    balancer.retain(
      endpoints(40).map((each, index) => ({ ...each, adapters: index < 3 ? ["sql"] : ["poems"] })),
      0,
    );
    const picks = Array.from(
      { length: 60 },
      (_, turn) => pickOne(balancer, askOf(turn, { adapter: "sql" }), turn).endpoint,
    );

    expect(picks.filter((id) => !["replica-0", "replica-1", "replica-2"].includes(id))).toEqual([]);
  });

  test("a request that ends twice is a bug", () => {
    const balancer = createBalancer(name, settings, seededRandom(1));
    balancer.retain(endpoints(2), 0);
    const picked = pickOne(balancer, askOf(1), 0);
    answer(balancer, picked, 1, 2);

    expect(() => answer(balancer, picked, 3, 4)).toThrow("ended twice");
    expect(balancer.inFlight(picked.endpoint)).toBe(0);
  });

  test("asks nobody when there is nobody", () => {
    const balancer = createBalancer(name, settings, seededRandom(1));
    expect(balancer.pick(askOf(1, { session: "s" }), everyone, 0)).toBeNull();
    balancer.retain(endpoints(2), 0);
    balancer.retain([], 1);

    expect(balancer.pick(askOf(1, { session: "s" }), everyone, 2)).toBeNull();
  });
});

/** The share of picks that one replica gets of requests that differ, while each takes `firstByteMs` of its own. */
function shareOf(
  balancer: PolicyBalancer,
  id: string,
  from: number,
  outcomeOf: (endpoint: string) => "done" | "failed",
): number {
  const waiting: { readonly picked: Picked; readonly endsAt: number }[] = [];
  let count = 0;
  for (let turn = 0; turn < 400; turn += 1) {
    const now = from + turn * 25;
    for (const { picked, endsAt } of waiting.splice(
      0,
      waiting.findIndex((each) => each.endsAt > now),
    )) {
      const kind = outcomeOf(picked.endpoint);
      if (kind === "done") balancer.firstByte(picked, endsAt);
      balancer.end(picked, { kind, tokensIn: 1024, tokensOut: 128 }, endsAt);
    }
    const picked = pickOne(balancer, askOf(from + turn), now);
    if (picked.endpoint === id) count += 1;
    waiting.push({ picked, endsAt: now + 200 });
  }
  for (const { picked, endsAt } of waiting) balancer.end(picked, { kind: "done", tokensIn: 1, tokensOut: 1 }, endsAt);
  return count / 400;
}

describe.each(["auto", "p2c", "least-load", "prefix", "round-robin"] as const)(
  "with %s a replica that fails",
  (name) => {
    test("gets little, though it is idle, and its share again when it is well", () => {
      const balancer = createBalancer(name, settings, seededRandom(8));
      balancer.retain(endpoints(4), 0);
      shareOf(balancer, "replica-1", 0, () => "done");
      const ill = shareOf(balancer, "replica-1", 20_000, (id) => (id === "replica-1" ? "failed" : "done"));
      const well = shareOf(balancer, "replica-1", 100_000, () => "done");

      expect(ill).toBeLessThan(0.17);
      expect(ill).toBeGreaterThan(0);
      expect(well).toBeGreaterThan(0.17);
    });
  },
);

describe("what policies promise", () => {
  test("power of two choices avoids a replica that was slow, and asks it again later", () => {
    const balancer = createBalancer("p2c", settings, seededRandom(2));
    balancer.retain(endpoints(4), 0);
    const countOf = (from: number, slowMs: number): number => {
      let count = 0;
      for (let turn = 0; turn < 400; turn += 1) {
        const now = from + turn * 10;
        const picked = pickOne(balancer, askOf(from + turn), now);
        const isSlow = picked.endpoint === "replica-0";
        if (isSlow) count += 1;
        answer(balancer, picked, now + (isSlow ? slowMs : 50), now + 60);
      }
      return count;
    };

    expect(countOf(0, 5000)).toBeLessThan(10);
    expect(countOf(200_000, 50)).toBeGreaterThan(60);
  });

  test("consistent hashing lets no replica have more than 1.25 times its share by weight", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 12 }),
        fc.nat(),
        (weights, seed) => {
          const balancer = createBalancer("consistent-hash", settings, seededRandom(seed));
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          balancer.retain(
            endpoints(weights.length).map((each, index) => ({ ...each, weight: weights[index] ?? 1 })),
            0,
          );
          for (let turn = 0; turn < 60; turn += 1) {
            const { endpoint } = pickOne(balancer, askOf(turn, { session: `s${turn % 2}` }), turn);
            const weight = weights[Number(endpoint.slice(8))] ?? 0;

            expect(balancer.inFlight(endpoint)).toBeLessThanOrEqual(Math.ceil((1.25 * (turn + 1) * weight) / total));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test("consistent hashing moves few keys when a replica leaves, and sends equal keys to one place in every gateway", () => {
    const homesWith = (count: number, seed: number): readonly string[] => {
      const balancer = createBalancer("consistent-hash", settings, seededRandom(seed));
      balancer.retain(seed === 1 ? endpoints(count) : endpoints(count).toReversed(), 0);
      return Array.from({ length: 500 }, (_, key) => {
        const picked = pickOne(balancer, askOf(1, { session: `user-${key}` }), key);
        answer(balancer, picked, key, key);
        return picked.endpoint;
      });
    };
    const [before, after] = [homesWith(10, 1), homesWith(9, 2)];
    const moved = before.filter((home, key) => home !== after[key] && home !== "replica-9").length;

    expect(homesWith(10, 2)).toEqual(before);
    expect(moved).toBe(0);
  });

  test("a session stays where it was, also when replicas come", () => {
    const balancer = createBalancer("session", settings, seededRandom(4));
    balancer.retain(endpoints(4), 0);
    const homes = Array.from({ length: 100 }, (_, user) => {
      const picked = pickOne(balancer, askOf(user, { session: `u${user}` }), user);
      answer(balancer, picked, user, user);
      return picked.endpoint;
    });
    balancer.retain(endpoints(8), 1000);

    for (const [user, home] of homes.entries()) {
      const picked = pickOne(balancer, askOf(user, { session: `u${user}` }), 2000 + user);
      answer(balancer, picked, 2000 + user, 2000 + user);
      expect(picked.endpoint).toBe(home);
    }
  });

  test.each(["auto", "prefix"] as const)(
    "%s sends a prompt to where its beginning is cached, and to others too once far more waits there",
    (name) => {
      const balancer = createBalancer(name, settings, seededRandom(6));
      balancer.retain(endpoints(8), 0);
      const first = pickOne(balancer, askOf(1), 0);
      answer(balancer, first, 100, 200);
      for (let prompt = 10; prompt < 50; prompt += 1) pickOne(balancer, askOf(prompt), 300 + prompt);
      const second = pickOne(balancer, askOf(1), 1000);
      expect([second.endpoint, second.blocksMatched]).toEqual([first.endpoint, 16]);
      let copies = new Set<string>();
      for (let turn = 0; turn < 300; turn += 1) copies = copies.add(pickOne(balancer, askOf(1), 2000).endpoint);

      expect(copies.size).toBeGreaterThan(2);
    },
  );

  test("a replica that joins gets its share slowly", () => {
    const balancer = createBalancer("least-load", settings, seededRandom(9));
    balancer.retain(endpoints(4), 0);
    for (let turn = 0; turn < 400; turn += 1) pickOne(balancer, askOf(turn), turn);
    balancer.retain(endpoints(5), 1000);
    for (let turn = 0; turn < 50; turn += 1) pickOne(balancer, askOf(1000 + turn), 1000);

    expect(balancer.inFlight("replica-4")).toBeLessThan(20);
    for (let turn = 0; turn < 450; turn += 1) pickOne(balancer, askOf(2000 + turn), 60_000);
    expect(balancer.inFlight("replica-4")).toBeGreaterThan(100);
  });

  test("a replica that goes is forgotten: nothing of it is cached when it comes back", () => {
    const balancer = createBalancer("auto", settings, seededRandom(1));
    balancer.retain(endpoints(1), 0);
    answer(balancer, pickOne(balancer, askOf(1), 0), 1, 2);
    expect(pickOne(balancer, askOf(1), 3).blocksMatched).toBe(16);
    balancer.retain(endpoints(2).slice(1), 4);
    balancer.retain(endpoints(1), 5);

    expect(pickOne(balancer, askOf(1), 6).blocksMatched).toBe(0);
  });

  test("an adapter stays where it is at work", () => {
    const balancer = createBalancer("auto", settings, seededRandom(1));
    balancer.retain(endpoints(6), 0);
    for (const { id } of endpoints(6)) {
      const running = id === "replica-4" ? ["sql"] : ["a", "b"];
      const adapters = { running, waiting: [], max: 2 };
      balancer.correct(id, { running: 0, waiting: 0, kvUsage: null, kvTokens: null, adapters }, 0);
    }

    expect(pickOne(balancer, askOf(1, { adapter: "sql" }), 1).endpoint).toBe("replica-4");
    expect(pickOne(balancer, askOf(2, { adapter: "sql" }), 2).endpoint).toBe("replica-4");
  });
});

describe("what engines and other workers tell", () => {
  test("an engine that others keep busy is spared, less and less once its word is old, and never left out", () => {
    const balancer = createBalancer("least-load", settings, seededRandom(1));
    balancer.retain(endpoints(2), 0);
    balancer.correct("replica-0", { running: 20, waiting: 5, kvUsage: 1, kvTokens: null, adapters: null }, 0);
    const fresh = Array.from({ length: 10 }, () => pickOne(balancer, askOf(1), 10).endpoint);
    expect(fresh).not.toContain("replica-0");

    const old = Array.from({ length: 40 }, (_, turn) => pickOne(balancer, askOf(1), 60_000 + turn).endpoint);
    expect(old).toContain("replica-0");
    balancer.correct("replica-1", { running: 900, waiting: 0, kvUsage: 1, kvTokens: null, adapters: null }, 70_000);
    expect(balancer.pick(askOf(1), (id) => id === "replica-1", 70_001)?.endpoint).toBe("replica-1");
  });

  test("our own requests that an engine counts are not counted twice", () => {
    const balancer = createBalancer("least-load", settings, seededRandom(1));
    balancer.retain(endpoints(2), 0);
    const ids = Array.from({ length: 20 }, () => pickOne(balancer, askOf(1), 0).endpoint);
    const held = ids.filter((id) => id === "replica-0").length;
    balancer.correct("replica-0", { running: held, waiting: 0, kvUsage: null, kvTokens: null, adapters: null }, 1);
    const next = [0, 1].map(() => pickOne(balancer, askOf(1), 2).endpoint);

    expect(new Set(next).size).toBe(2);
  });

  test("workers that tell each other pick like one", () => {
    const [one, other] = [1, 2].map((seed) => createBalancer("auto", settings, seededRandom(seed)));
    if (one === undefined || other === undefined) throw new Error("two balancers were made");
    for (const balancer of [one, other]) balancer.retain(endpoints(4), 0);
    const first = pickOne(one, askOf(1), 0);
    other.hear("one", structuredClone(one.takeNews()), 10);

    const second = pickOne(other, askOf(1), 20);
    expect([second.endpoint, second.blocksMatched]).toEqual([first.endpoint, 16]);
    expect(one.takeNews()).toEqual({ learnt: [], loads: [] });
  });

  test("what another worker holds counts until it ends it or falls silent", () => {
    const [one, other] = [1, 2].map((seed) => createBalancer("least-load", settings, seededRandom(seed)));
    if (one === undefined || other === undefined) throw new Error("two balancers were made");
    for (const balancer of [one, other]) balancer.retain(endpoints(2), 0);
    const held = Array.from({ length: 10 }, () => one.pick(askOf(1), (id) => id === "replica-0", 0));
    other.hear("one", one.takeNews(), 1);
    const picks = Array.from({ length: 4 }, () => pickOne(other, askOf(2), 2));
    expect(picks.map(({ endpoint }) => endpoint)).not.toContain("replica-0");

    for (const picked of held) if (picked !== null) answer(one, picked, 3, 4);
    other.hear("one", one.takeNews(), 5);
    expect(pickOne(other, askOf(2), 6).endpoint).toBe("replica-0");

    for (let turn = 0; turn < 10; turn += 1) one.pick(askOf(1), (id) => id === "replica-0", 7);
    other.hear("one", one.takeNews(), 8);
    const later = Array.from({ length: 6 }, () => pickOne(other, askOf(2), 30_001).endpoint);
    expect(later).toContain("replica-0");
  });

  test("evictions that an engine tells are believed", () => {
    const balancer = createBalancer("auto", settings, seededRandom(1));
    balancer.retain(endpoints(1), 0);
    const ask = askOf(1);
    balancer.learn("replica-0", ask.blocks ?? [], 0);
    expect(pickOne(balancer, ask, 1).blocksMatched).toBe(16);
    balancer.forget("replica-0", (ask.blocks ?? []).slice(8));

    expect(pickOne(balancer, ask, 2).blocksMatched).toBe(8);
  });
});
