import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../../base/random.ts";
import { type AdmissionAsk, AdmissionQueue, type AdmissionTicket, type Shed } from "./admission-queue.ts";
import { type Band, bands, bandsFor, defaultBands } from "./band.ts";

const far = Number.MAX_SAFE_INTEGER;

interface NamedAsk extends AdmissionAsk {
  readonly id: string;
}

function ask(id: string, given: Partial<AdmissionAsk> = {}): NamedAsk {
  return { id, band: "default", tenant: "red", weight: 1, cost: 100, deadline: far, ...given };
}

/** A queue whose tickets have names. */
class NamedQueue {
  readonly #queue: AdmissionQueue;
  readonly #tickets = new Map<string, AdmissionTicket>();
  readonly #names = new Map<AdmissionTicket, string>();

  constructor(...given: ConstructorParameters<typeof AdmissionQueue>) {
    this.#queue = new AdmissionQueue(...given);
  }

  get underWay(): number {
    return this.#queue.underWay;
  }

  get waiting(): number {
    return this.#queue.waiting;
  }

  get nextDeadline(): number | null {
    return this.#queue.nextDeadline;
  }

  retryAfterMs(band: Band, now: number): number {
    return this.#queue.retryAfterMs(band, now);
  }

  offer({ id, ...asked }: NamedAsk, now: number): { readonly kind: "admitted" | "queued" | "over" } | Shed {
    const answer = this.#queue.offer(asked, now);
    if (answer.kind === "shed") return answer;
    this.#tickets.set(id, answer);
    this.#names.set(answer, id);
    return { kind: answer.kind };
  }

  release(id: string, actualCost: number, now: number): readonly string[] {
    return this.#namesOf(this.#queue.release(this.#ticketOf(id), actualCost, now));
  }

  cancel(id: string): boolean {
    return this.#queue.cancel(this.#ticketOf(id));
  }

  expire(now: number): readonly string[] {
    return this.#namesOf(this.#queue.expire(now));
  }

  setCapacity(capacity: number, now: number): readonly string[] {
    return this.#namesOf(this.#queue.setCapacity(capacity, now));
  }

  #ticketOf(id: string): AdmissionTicket {
    const ticket = this.#tickets.get(id);
    if (ticket === undefined) throw new Error(`no request is called ${id}`);
    return ticket;
  }

  #namesOf(tickets: readonly AdmissionTicket[]): readonly string[] {
    return tickets.map((ticket) => this.#names.get(ticket) ?? "");
  }
}

/** Bands without floors, with queues as long as a test needs. */
const plainBands = {
  ...defaultBands,
  interactive: { ...defaultBands.interactive, floor: 0, queueMax: 10_000, waitMaxMs: far },
  default: { ...defaultBands.default, floor: 0, queueMax: 10_000, waitMaxMs: far },
  bulk: { ...defaultBands.bulk, queueMax: 10_000, waitMaxMs: far },
};

test("admits as many as there is capacity; the next ones wait and start when one ends", () => {
  const queue = new NamedQueue(2, 0);

  expect(queue.offer(ask("a"), 0)).toEqual({ kind: "admitted" });
  expect(queue.offer(ask("b"), 0)).toEqual({ kind: "admitted" });
  expect(queue.offer(ask("c"), 0)).toEqual({ kind: "queued" });
  expect(queue.release("a", 100, 1)).toEqual(["c"]);
  expect(queue.release("b", 100, 2)).toEqual([]);
  expect(() => queue.release("b", 100, 2)).toThrow(/not under way/);
});

test("nothing is served without an endpoint, and what waits starts when one comes", () => {
  const queue = new NamedQueue(1, 0);
  queue.offer(ask("a"), 0);
  queue.offer(ask("b"), 0);
  expect(queue.setCapacity(0, 1)).toEqual([]);

  expect(queue.offer(ask("c"), 1)).toMatchObject({ kind: "shed", why: "no-endpoint" });
  expect(queue.release("a", 100, 2)).toEqual([]);
  expect(queue.setCapacity(3, 3)).toEqual(["b"]);
});

test("a caller that goes away while it waits leaves no trace; one that is under way must be released", () => {
  const queue = new NamedQueue(1, 0);
  queue.offer(ask("a"), 0);
  queue.offer(ask("b"), 0);

  expect(queue.cancel("b")).toBe(true);
  expect(queue.cancel("b")).toBe(false);
  expect(queue.cancel("a")).toBe(false);
  expect(queue.release("a", 100, 1)).toEqual([]);
  expect(queue.waiting).toBe(0);
});

test("a full queue sheds, and a deadline that has passed is late", () => {
  const one = { ...defaultBands, default: { ...defaultBands.default, queueMax: 1 } };
  const queue = new NamedQueue(1, 0, one);
  queue.offer(ask("a"), 0);
  queue.offer(ask("b", { deadline: 50 }), 0);

  expect(queue.offer(ask("c"), 1)).toMatchObject({ kind: "shed", why: "full" });
  expect(queue.offer(ask("d", { deadline: 1 }), 1)).toMatchObject({ kind: "shed", why: "late" });
  expect(queue.nextDeadline).toBe(50);
  expect(queue.expire(49)).toEqual([]);
  expect(queue.expire(50)).toEqual(["b"]);
});

test("urgent bands go first, and what they count on stays free for them", () => {
  const queue = new NamedQueue(20, 0);
  for (let at = 0; at < 30; at += 1) queue.offer(ask(`bulk-${at}`, { band: "bulk" }), 0);
  // System counts on 1, interactive on 5, default on 2.
  expect(queue.underWay).toBe(12);
  for (let at = 0; at < 6; at += 1) {
    expect(queue.offer(ask(`interactive-${at}`, { band: "interactive" }), 0).kind).toBe("admitted");
  }
  expect(queue.offer(ask("default", {}), 0).kind).toBe("admitted");
  expect(queue.offer(ask("interactive-6", { band: "interactive" }), 0).kind).toBe("queued");
  expect(queue.offer(ask("system", { band: "system" }), 0).kind).toBe("admitted");
  expect(queue.release("bulk-0", 100, 1)).toEqual(["interactive-6"]);
});

test("a band that is below its floor gets the next place before more urgent ones that are above theirs", () => {
  const queue = new NamedQueue(20, 0);
  for (let at = 0; at < 40; at += 1) queue.offer(ask(`interactive-${at}`, { band: "interactive" }), 0);
  queue.offer(ask("default-0"), 0);
  queue.offer(ask("default-1"), 0);
  queue.offer(ask("default-2"), 0);

  expect(queue.underWay).toBe(19);
  const next = Array.from({ length: 3 }, (_, at) => queue.release(`interactive-${at}`, 100, 1));
  expect(next).toEqual([["default-0"], ["default-1"], ["interactive-19"]]);
});

test("what bands count on is the same however many requests have come and gone", () => {
  const queue = new NamedQueue(20, 0);
  for (let at = 0; at < 30; at += 1) {
    for (const band of ["system", "interactive"] as const) {
      queue.offer(ask(`${band}-${at}`, { band }), at);
      queue.release(`${band}-${at}`, 100, at);
    }
  }
  for (let at = 0; at < 30; at += 1) queue.offer(ask(`bulk-${at}`, { band: "bulk" }), 100);

  expect(queue.underWay).toBe(12);
});

test("tenants of one band that wait all the time get equal shares of what is served", () => {
  const queue = new NamedQueue(4, 0, plainBands);
  const costOf = (id: string): number => (id.startsWith("large") ? 1_000 : 50);
  const underWay: string[] = [];
  for (let at = 0; at < 400; at += 1) {
    for (const tenant of ["large", "small"]) {
      const id = `${tenant}-${at}`;
      if (queue.offer(ask(id, { tenant, cost: costOf(id) }), 0).kind === "admitted") underWay.push(id);
    }
  }
  const served = { large: 0, small: 0 };
  for (let turn = 0; turn < 300; turn += 1) {
    const id = underWay.shift() ?? "";
    served[id.startsWith("large") ? "large" : "small"] += costOf(id);
    underWay.push(...queue.release(id, costOf(id), turn));
  }

  // What was served in the meantime differs by the largest request, and by what was under way at the ends.
  expect(Math.abs(served.large - served.small)).toBeLessThanOrEqual(1_000 + 4 * 1_000);
});

test("no band starves: under an endless load of urgent requests, every eighth start is of one that waited too long", () => {
  const queue = new NamedQueue(2, 0, plainBands);
  const { promoteMs } = defaultBands.bulk;
  queue.offer(ask("interactive-0", { band: "interactive" }), 0);
  queue.offer(ask("interactive-1", { band: "interactive" }), 0);
  for (let at = 0; at < 10; at += 1) queue.offer(ask(`bulk-${at}`, { band: "bulk" }), 0);
  const underWay = ["interactive-0", "interactive-1"];
  const bulkStarts: number[] = [];
  let starts = 0;
  for (let now = 0; bulkStarts.length < 10; now += 1_000) {
    queue.offer(ask(`interactive-${now}-a`, { band: "interactive", deadline: now + 4_000 }), now);
    queue.offer(ask(`interactive-${now}-b`, { band: "interactive", deadline: now + 4_000 }), now);
    queue.expire(now);
    for (const id of queue.release(underWay.shift() ?? "", 100, now)) {
      underWay.push(id);
      starts += 1;
      if (!id.startsWith("bulk")) continue;
      expect(now).toBeGreaterThanOrEqual(promoteMs);
      bulkStarts.push(starts);
    }
  }

  const gaps = bulkStarts.slice(1).map((start, at) => start - (bulkStarts[at] ?? 0));
  expect(gaps).toEqual(gaps.map(() => 8));
});

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("offer" as const),
      band: fc.constantFrom(...bands),
      tenant: fc.constantFrom("red", "blue", "green"),
      weight: fc.constantFrom(1, 2),
      cost: fc.integer({ min: 1, max: 500 }),
      patienceMs: fc.integer({ min: 0, max: 5_000 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("release" as const),
      which: fc.nat(1_000),
      cost: fc.integer({ min: 1, max: 800 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cancel" as const), which: fc.nat(1_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("capacity" as const), capacity: fc.nat(25) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(1_500) }) },
);

test("whatever happens: never more under way than capacity, every request leaves once, deadlines are kept", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 250, size: "max" }), (steps) => {
      let now = 0;
      let capacity = 10;
      const queue = new NamedQueue(capacity, now);
      const waiting = new Map<string, number>();
      const underWay: string[] = [];
      const start = (ids: readonly string[]): void => {
        for (const id of ids) {
          expect(waiting.get(id) ?? 0).toBeGreaterThan(now);
          waiting.delete(id);
          underWay.push(id);
        }
        if (ids.length > 0) expect(underWay.length).toBeLessThanOrEqual(capacity);
      };
      steps.forEach((each, at) => {
        const id = `request-${at}`;
        if (each.kind === "offer") {
          const deadline = now + each.patienceMs;
          const answer = queue.offer(ask(id, { ...each, deadline }), now);
          if (answer.kind === "queued") waiting.set(id, deadline);
          if (answer.kind === "shed") expect(answer.why === "late").toBe(each.patienceMs === 0 && capacity > 0);
          if (answer.kind === "admitted") {
            underWay.push(id);
            expect(underWay.length).toBeLessThanOrEqual(capacity);
          }
        } else if (each.kind === "release" && underWay.length > 0) {
          const [ended] = underWay.splice(each.which % underWay.length, 1);
          start(queue.release(ended ?? "", each.cost, now));
        } else if (each.kind === "cancel" && waiting.size > 0) {
          const gone = [...waiting.keys()][each.which % waiting.size] ?? "";
          expect(queue.cancel(gone)).toBe(true);
          waiting.delete(gone);
        } else if (each.kind === "capacity") {
          capacity = each.capacity;
          start(queue.setCapacity(capacity, now));
        } else if (each.kind === "wait") {
          now += each.ms;
          const late = queue.expire(now);
          for (const one of late) expect(waiting.get(one) ?? far).toBeLessThanOrEqual(now);
          for (const one of late) waiting.delete(one);
          expect(Math.min(far, ...waiting.values())).toBeGreaterThan(now);
        }
        expect([queue.underWay, queue.waiting]).toEqual([underWay.length, waiting.size]);
        // Whoever waits while a place is free waits for a floor above it: urgent bands never do.
        if (capacity > 0 && underWay.length < capacity) {
          const isUrgent = [...waiting.keys()].some((one) => {
            const made = steps[Number(one.slice(8))];
            return made?.kind === "offer" && made.band === "system";
          });
          expect(isUrgent).toBe(false);
        }
      });
      capacity = 10_000;
      start(queue.setCapacity(capacity, now));
      expect(waiting.size).toBe(0);
      for (const id of underWay) queue.release(id, 1, now);
      expect([queue.underWay, queue.waiting]).toEqual([0, 0]);
    }),
    { numRuns: 1_000 },
  );
});

/** Serves with exponential times under a load above capacity, and compares what refused callers were told with what came. */
function retryErrors(seed: number, loadOfCapacity: number): readonly number[] {
  const random = seededRandom(seed);
  const exponential = (mean: number): number => -mean * Math.log(1 - random.next());
  const policies = { ...defaultBands, default: { ...defaultBands.default, queueMax: 100 } };
  const queue = new NamedQueue(16, 0, policies);
  const ends: { readonly at: number; readonly id: string }[] = [];
  const toldBy = new Map<string, { readonly at: number; readonly retryAfterMs: number }[]>();
  const errors: number[] = [];
  const queuedIds: string[] = [];
  let now = 0;
  let arrivesAt = 0;
  const begin = (id: string): void => {
    ends.push({ at: now + exponential(2_000), id });
    const at = queuedIds.indexOf(id);
    if (at >= 0) queuedIds.splice(at, 1);
    for (const told of toldBy.get(id) ?? []) errors.push(Math.abs(told.retryAfterMs / (now - told.at) - 1));
  };
  for (let made = 0; made < 6_000; ) {
    ends.sort((left, right) => left.at - right.at);
    const [end] = ends;
    if (end !== undefined && end.at <= arrivesAt) {
      now = end.at;
      ends.shift();
      queue.release(end.id, 100, now).forEach(begin);
      continue;
    }
    now = arrivesAt;
    arrivesAt += exponential(2_000 / 16 / loadOfCapacity);
    made += 1;
    for (const id of queue.expire(now)) queuedIds.splice(queuedIds.indexOf(id), 1);
    const id = `request-${made}`;
    const answer = queue.offer(ask(id, { deadline: now + 600_000 }), now);
    if (answer.kind === "admitted") begin(id);
    else if (answer.kind === "queued") queuedIds.push(id);
    else if (answer.kind === "shed") {
      // What it was told comes true when the last of those that wait now has started.
      const last = queuedIds.at(-1) ?? "";
      toldBy.set(last, [...(toldBy.get(last) ?? []), { at: now, retryAfterMs: answer.retryAfterMs }]);
    }
  }
  return errors;
}

test("what refused callers are told is within 15 percent of what comes, in the middle of all cases", () => {
  const errors = [1, 2, 3].flatMap((seed) => [1.2, 2, 4].flatMap((load) => retryErrors(seed, load)));
  const median = errors.toSorted((left, right) => left - right)[Math.floor(errors.length / 2)] ?? Number.NaN;

  expect(errors.length).toBeGreaterThan(1_000);
  expect(median).toBeLessThan(0.15);
});

test("who ran out of time as the last that waited is told how long the next start takes, not to come back at once", () => {
  const queue = new NamedQueue(1, 0);
  queue.offer(ask("first"), 0);
  queue.offer(ask("late", { deadline: 4_000 }), 0);

  expect(queue.expire(4_000)).toEqual(["late"]);
  expect(queue.retryAfterMs("default", 4_000)).toBeGreaterThan(4_000);
});

test("a deployment's own queue and patience are those of its default band, and the others keep their proportion", () => {
  const own = bandsFor({ queueMax: 10, waitMaxMs: 6_000 });

  expect(own.default).toEqual({ ...defaultBands.default, queueMax: 10, waitMaxMs: 6_000 });
  expect([own.bulk.queueMax, own.bulk.waitMaxMs, own.system.queueMax]).toEqual([20, 30_000, 2]);
});

const bandNames: readonly Band[] = bands;

test("every band has limits, and the floors leave something to everybody", () => {
  const policies = bandNames.map((band) => defaultBands[band]);

  expect(policies.every((policy) => policy.queueMax > 0 && policy.promoteMs < policy.waitMaxMs)).toBe(true);
  expect(policies.reduce((sum, policy) => sum + policy.floor, 0)).toBeLessThan(1);
});
