import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../base/canonical-json.ts";
import type { QueuedWorkload } from "../../compute/ports.ts";
import { asking, machineOf, poolOf, settings, worldOf } from "../fixtures/world-values.ts";
import { type QuotaSpec, quotaKind } from "../model.ts";
import { type DeclaredPeople, quotaTreeOf } from "./declared-tree.ts";
import { EngineMirror, type MirrorDecisions } from "./engine-mirror.ts";
import { quotaUseOf } from "./quota-use.ts";
import type { Declared, PoolReservation, StoredPlan } from "./world.ts";

const minute = 60_000;
const pools = [poolOf("training", [machineOf("n1", 4), machineOf("n2", 4)])];
const projects = ["maps", "faces", "chat"].map((name) => ({ name, team: name === "chat" ? "language" : "vision" }));

type Quotas = Readonly<Record<string, Partial<QuotaSpec>>>;

function declare(quotas: Quotas, reservations: readonly PoolReservation[] = []): Declared {
  const people: DeclaredPeople = {
    teams: ["vision", "language"],
    projects,
    quotas: Object.entries(quotas).map(([name, spec]) => ({ name, spec: quotaKind.spec.parse(spec) })),
  };
  return { pools, people, quota: quotaTreeOf(people, pools), reservations };
}

/** A queue of a platform: its rows and plans as the database would hold them, and the mirror that is kept in step. */
class Queue {
  readonly rows = new Map<string, QueuedWorkload>();
  readonly plans = new Map<string, StoredPlan>();
  readonly mirror: EngineMirror;
  now = 0;

  constructor(declared: Declared) {
    this.mirror = new EngineMirror({ ...worldOf(pools), declared }, settings, 0);
  }

  /** Tells the mirror, lets it decide, and writes that down. */
  pass(changed: readonly QueuedWorkload[], declared: Declared | null = null): MirrorDecisions {
    this.mirror.update({ seq: this.now, declared, workloads: changed, checkpoints: new Map() }, this.now);
    const decisions = this.mirror.decide(this.now);
    for (const { id, pool, places } of decisions.assignments) {
      const row = this.rows.get(id);
      if (row !== undefined) this.rows.set(id, { ...row, state: "admitted", pool, places, admittedAt: this.now });
    }
    for (const { id, forId } of decisions.evictions) {
      const row = this.rows.get(id);
      if (row !== undefined) this.rows.set(id, { ...row, isLeaving: true, evictedBy: [...row.evictedBy, forId] });
    }
    for (const id of decisions.plansDropped) this.plans.delete(id);
    for (const plan of decisions.plansSet) this.plans.set(plan.id, plan);
    return decisions;
  }

  submit(row: QueuedWorkload): void {
    this.rows.set(row.id, row);
    this.pass([row]);
  }

  end(row: QueuedWorkload): void {
    this.rows.delete(row.id);
    this.plans.delete(row.id);
    this.pass([{ ...row, state: "succeeded", endedAt: this.now, places: [] }]);
  }

  /** Whoever was told to make room is gone, and waits again. */
  leave(): void {
    const leaving = [...this.rows.values()].filter((row) => row.isLeaving);
    for (const row of leaving) {
      const { id, attempt, timesPreempted } = row;
      const again = { state: "queued", attempt: attempt + 1, timesPreempted: timesPreempted + 1 } as const;
      this.rows.set(id, { ...row, ...again, isLeaving: false, places: [], admittedAt: null });
    }
    if (leaving.length > 0) this.pass(leaving.flatMap(({ id }) => this.rows.get(id) ?? []));
  }

  /** A mirror that is built anew of what the database holds, with these declarations. */
  rebuilt(declared: Declared): EngineMirror {
    const past = this.mirror.engine.shares.readPast(this.now);
    const history = Object.fromEntries(past.map(({ node, average, at }) => [node, { average, settledAt: at }]));
    const byStart = [...this.plans.values()].toSorted(
      (left, right) => left.at - right.at || (left.id < right.id ? -1 : 1),
    );
    const world = { ...worldOf(pools, [...this.rows.values()], { plans: byStart, history }), declared };
    const rebuilt = new EngineMirror(world, settings, this.now);
    // What workloads typically ask for is counted when an engine is built, and only then.
    rebuilt.engine.setMix(this.mirror.engine.snapshot().mix);
    return rebuilt;
  }
}

const nothing = { seq: 0, workloads: [], checkpoints: new Map() };
const amount = fc.constantFrom(0, 1, 2, 4);
const limits = fc.record({ nominal: amount, borrowingLimit: fc.constantFrom(0, 2, 4), lendingLimit: amount });
const spec = (of: Partial<QuotaSpec>) =>
  fc
    .record({ any: limits, weight: fc.constantFrom(1, 2) })
    .map(({ any, weight }) => ({ ...of, weight, gpus: { any } }));
const quotas: fc.Arbitrary<Quotas> = fc.record(
  {
    vision: spec({ team: "vision" }),
    language: spec({ team: "language" }),
    maps: spec({ project: "maps" }),
    faces: spec({ project: "faces" }),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Quotas>;

/** Up to two reservations, of which some have begun and some are for a queue. */
const reservations: fc.Arbitrary<readonly PoolReservation[]> = fc
  .array(
    fc.record({
      nodes: fc.constantFrom(["n1"], ["n2"], ["n1", "n2"]),
      queues: fc.constantFrom([], [], ["project/maps"], ["project/faces", "project/chat"]),
      startMinute: fc.constantFrom(0, 20, 300, 630),
      minutes: fc.constantFrom(5, 60, 900),
    }),
    { maxLength: 2 },
  )
  .map((list) =>
    list.map(({ startMinute, minutes, ...rest }, index) => {
      const start = startMinute * minute;
      return { id: `reservation r${index}`, pool: "training", ...rest, start, end: start + minutes * minute };
    }),
  );

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("submit" as const),
      gpus: fc.constantFrom(0.5, 1, 2, 4),
      project: fc.constantFrom("maps", "faces", "chat"),
      priority: fc.constantFrom(20, 50, 80),
      hours: fc.constantFrom(10, 20),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("end" as const), which: fc.nat(20) }) },
);

function play(queue: Queue, steps: readonly (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[]): void {
  for (const [index, each] of steps.entries()) {
    queue.now += minute;
    queue.leave();
    if (each.kind === "submit") {
      const { project, gpus, priority, hours } = each;
      const terms = { project, queue: project, priority, queuedAt: queue.now, limitMs: hours * 60 * minute };
      queue.submit(asking(`w${String(index).padStart(2, "0")}`, gpus, terms));
    } else {
      const held = [...queue.rows.values()].filter(({ state, isLeaving }) => state === "admitted" && !isLeaving);
      const row = held[each.which % Math.max(1, held.length)];
      if (row !== undefined) queue.end(row);
    }
  }
}

/** Decisions without the past, which is written down by time; nothing planned ahead is the same as an amount of 0. */
function gistOf({ history: _, plansSet, plansDropped, ...decisions }: MirrorDecisions): unknown {
  const some = (amounts: StoredPlan["ahead"]) => Object.entries(amounts).filter(([, each]) => each !== 0);
  const byId = plansSet.map((plan) => [plan.id, { ...plan, ahead: some(plan.ahead) }]);
  return { ...decisions, plansSet: Object.fromEntries(byId), plansDropped: plansDropped.toSorted() };
}

/** The books of a mirror, in whole thousandths. */
function booksOf(mirror: EngineMirror, now: number): unknown {
  const rounded = (value: number): number => Math.round(value * 1e6) / 1e6;
  const uses = quotaUseOf(mirror.engine, mirror.surroundings.declared.quota, new Map(), now);
  return uses.map((use) => ({ ...use, share: rounded(use.share), pastShare: rounded(use.pastShare) }));
}

describe("a change of what was declared", () => {
  test("of quotas is made in the engine itself, which then decides as one that was built anew", () => {
    let changed = 0;
    fc.assert(
      fc.property(quotas, quotas, fc.array(step, { minLength: 1, maxLength: 25 }), (before, after, steps) => {
        const queue = new Queue(declare(before));
        play(queue, steps);
        const declared = declare(after);
        const rebuilt = queue.rebuilt(declared);
        const engine = queue.mirror.engine;

        expect(queue.mirror.update({ ...nothing, declared }, queue.now)).toBe(true);
        expect(queue.mirror.engine).toBe(engine);
        expect(booksOf(queue.mirror, queue.now)).toEqual(booksOf(rebuilt, queue.now));
        const own = queue.mirror.decide(queue.now);
        expect(gistOf(own)).toEqual(gistOf(rebuilt.decide(queue.now)));
        if (own.assignments.length + own.evictions.length + own.plansSet.length > 0) changed += 1;
      }),
      { numRuns: 300 },
    );
    expect(changed).toBeGreaterThan(10);
  });

  test("of reservations and quotas is made in the engine itself, which then decides as one that was built anew", () => {
    let dropped = 0;
    fc.assert(
      fc.property(
        fc.tuple(quotas, reservations),
        fc.tuple(quotas, reservations),
        fc.boolean(),
        fc.array(step, { minLength: 1, maxLength: 25 }),
        (before, after, areQuotasKept, steps) => {
          const queue = new Queue(declare(...before));
          play(queue, steps);
          const declared = declare(areQuotasKept ? before[0] : after[0], after[1]);
          fc.pre(canonicalJson(declared) !== canonicalJson(declare(...before)));
          const rebuilt = queue.rebuilt(declared);
          const engine = queue.mirror.engine;
          const planned = queue.plans.size;

          expect(queue.mirror.update({ ...nothing, declared }, queue.now)).toBe(true);
          expect(queue.mirror.engine).toBe(engine);
          if (engine.state.plannedCount < planned) dropped += 1;
          expect(booksOf(queue.mirror, queue.now)).toEqual(booksOf(rebuilt, queue.now));
          expect(gistOf(queue.mirror.decide(queue.now))).toEqual(gistOf(rebuilt.decide(queue.now)));
        },
      ),
      { numRuns: 300 },
    );
    expect(dropped).toBeGreaterThan(2);
  });

  test("of reservations is made in the engine itself, and what runs, runs on", () => {
    const reservation: PoolReservation = {
      id: "reservation course",
      pool: "training",
      nodes: ["n1"],
      queues: [],
      start: 30 * minute,
      end: 90 * minute,
    };
    const queue = new Queue(declare({}));
    const { engine } = queue.mirror;
    queue.submit(asking("runs", 4, { project: "maps", queue: "maps", limitMs: 20 * minute }));
    queue.submit(asking("second", 4, { project: "maps", queue: "maps", limitMs: 60 * minute, queuedAt: 1 }));
    queue.submit(asking("third", 4, { project: "maps", queue: "maps", limitMs: 60 * minute, queuedAt: 2 }));
    expect(queue.plans.get("third")).toMatchObject({ at: 20 * minute });

    const set = queue.pass([], declare({}, [reservation]));
    expect([...engine.state.reservations.keys()]).toEqual(["reservation course"]);
    expect(set.plansSet).toMatchObject([{ id: "third", at: 60 * minute }]);
    const moved = queue.pass([], declare({}, [{ ...reservation, nodes: ["n2"] }]));
    expect(engine.state.reservations.get("reservation course")?.reservation.nodes).toEqual(["training/n2"]);
    expect(moved.plansSet).toMatchObject([{ id: "third", at: 20 * minute }]);
    queue.pass([], declare({}));
    expect(engine.state.reservations.size).toBe(0);
    expect(queue.mirror.engine).toBe(engine);
    expect(queue.rows.get("runs")?.state).toBe("admitted");
  });

  test("of quotas changes before whom a workload may come that is planned for later", () => {
    const queue = new Queue(declare({ faces: { project: "faces", gpus: { any: { nominal: 0 } } } }));
    for (const [id, project, gpus] of [
      ["w0", "maps", 4],
      ["w1", "maps", 4],
      ["w2", "chat", 4],
      ["w3", "maps", 0.5],
    ] as const) {
      queue.now += minute;
      queue.submit(asking(id, gpus, { project, queue: project, limitMs: 600 * minute, queuedAt: queue.now }));
    }
    const rebuilt = queue.rebuilt(declare({}));
    const own = queue.pass([], declare({}));

    expect(gistOf(own)).toEqual(gistOf(rebuilt.decide(queue.now)));
  });

  test("that reserves a machine drops the plans of others there, in the engine itself and in one that is built anew", () => {
    const terms = { project: "maps", queue: "maps" };
    const queue = new Queue(declare({}));
    queue.submit(asking("runs", 4, { ...terms, limitMs: 20 * minute }));
    queue.submit(asking("second", 4, { ...terms, limitMs: 60 * minute, queuedAt: 1 }));
    queue.submit(asking("third", 4, { ...terms, limitMs: 60 * minute, queuedAt: 2 }));
    expect(queue.plans.get("third")).toMatchObject({ at: 20 * minute });
    const reservation = (queues: readonly string[]): PoolReservation => {
      return { id: "course", pool: "training", nodes: ["n1"], queues, start: 30 * minute, end: 90 * minute };
    };
    const forOthers = queue.rebuilt(declare({}, [reservation([])])).decide(0);
    const forThem = queue.rebuilt(declare({}, [reservation(["project/maps"])])).decide(0);

    expect(forThem.plansSet).toEqual([]);
    expect(forOthers.plansSet).toMatchObject([{ id: "third", at: 60 * minute }]);
    expect(gistOf(queue.pass([], declare({}, [reservation(["project/maps"])])))).toEqual(gistOf(forThem));
    expect(gistOf(queue.pass([], declare({}, [reservation([])])))).toEqual(gistOf(forOthers));
  });

  test("that moves a workload to another queue, or names another GPU model, asks for another mirror", () => {
    const queue = new Queue(declare({ extra: { gpus: { any: { nominal: 1 } } } }));
    queue.submit(asking("x", 1, { project: "maps", queue: "extra" }));
    const told = (quotas: Quotas): boolean => queue.mirror.update({ ...nothing, declared: declare(quotas) }, 0);

    expect(told({})).toBe(false);
    expect(told({ extra: { gpus: { H100: { nominal: 1 } } } })).toBe(false);
    expect(told({ extra: { gpus: { any: { nominal: 2 } } } })).toBe(true);
  });
});
