import type { Instant } from "../../base/clock.ts";
import { addAmounts, amountsOf, heldMillis, subtractAmounts } from "./amounts.ts";
import type { Claim, IsIgnored, PlannedTurn } from "./claim.ts";
import { checkItem } from "./check-input.ts";
import { Cluster } from "./cluster.ts";
import {
  type ItemClass,
  type LaidClaim,
  nameClass,
  nameShape,
  type Plan,
  type Planned,
  type Running,
  turnKey,
  type Waiting,
  byStart,
  byTurn,
} from "./entry.ts";
import { Heap } from "./heap.ts";
import { Line } from "./line.ts";
import type { AdvanceReservation, EngineSettings, MemberPlace, SavedPlan, WorkItem } from "./model.ts";
import type { QuotaSpan } from "./quota-moment.ts";
import { PlaceSearch } from "./place-search.ts";
import { reckonRun } from "./reckon-run.ts";
import { isServedBefore, type QueueShares } from "./queue-shares.ts";
import type { Amounts } from "../quota/model.ts";

/** The line of all, where queues do not matter. */
const oneLine = "";

/** Milli-GPUs of a pool that its own and that guests hold. */
interface PoolUse {
  hosts: number;
  guests: number;
}

/** Everything that the engine knows, and the few changes from which every decision is made. */
export class EngineState {
  readonly settings: EngineSettings;
  #shares: QueueShares;
  readonly cluster: Cluster;
  readonly search: PlaceSearch;
  readonly waiting = new Map<string, Waiting>();
  readonly running = new Map<string, Running>();
  readonly #runsOf = new Map<string, Set<Running>>();
  readonly #plansOf = new Map<string, Set<Waiting>>();
  readonly lines = new Map<string, Line>();
  readonly classes = new Map<string, ItemClass>();
  readonly reservations = new Map<string, { readonly reservation: AdvanceReservation; laid: readonly LaidClaim[] }>();
  /** Planned starts, the earliest first; may hold plans that are gone. */
  readonly due = new Heap<Planned>(byStart);
  /** Runs by their reckoned end; may hold runs that are gone. */
  readonly ends = new Heap<{ readonly run: Running; readonly at: Instant }>(
    (left, right) => left.at - right.at || (left.run.item.id < right.run.item.id ? -1 : 1),
  );
  /** Workloads for which no moment is known, the next look first; may hold ones that are gone. */
  readonly unplannable = new Heap<{ readonly entry: Waiting; readonly at: Instant }>(
    (left, right) => left.at - right.at || byTurn(left.entry, right.entry),
  );
  /** Workloads for which freed capacity is kept, in no order: see `heldInTurn`. */
  readonly held = new Set<string>();
  /** What each line has planned, in quota amounts. */
  readonly #planned = new Map<Line, Amounts>();
  readonly #poolUse = new Map<string, PoolUse>();
  plannedCount = 0;
  /** How many looks at a node this cycle may spend on planning. */
  planningLooksMax: number;
  cycles = 0;
  /** The time of the last cycle. */
  cycledAt: Instant = Number.NEGATIVE_INFINITY;
  /** Runs and planned ones without a time limit: beside any, no start that is planned is a hard bound. */
  #unlimited = 0;

  /** Who evicted a workload: it does not evict them in turn. */
  readonly evictors = new Map<string, Set<string>>();

  constructor(settings: EngineSettings, shares: QueueShares) {
    this.settings = settings;
    this.planningLooksMax = settings.planningLooksMax;
    this.#shares = shares;
    this.cluster = new Cluster(settings.placement);
    this.search = new PlaceSearch(this.cluster.room);
  }

  get shares(): QueueShares {
    return this.#shares;
  }

  /** Takes other books, in which nothing is counted yet: see `recountShares`. */
  replaceShares(shares: QueueShares): void {
    this.#shares = shares;
  }

  submit(item: WorkItem): void {
    checkItem(item);
    this.shares.assertQueue(item.queue);
    const shapeKey = nameShape(item.shape);
    const reckonedMs = reckonRun(item, this.settings);
    const line = this.#line(this.settings.order === "fair" ? item.queue : oneLine);
    const entry: Waiting = {
      item,
      itemClass: this.#class(item, shapeKey, reckonedMs),
      line,
      key: turnKey(item, this.settings),
      reckonedMs,
      status: "new",
      plan: null,
      displacedIn: -1,
      triedIn: -1,
      huntAgainAt: Number.POSITIVE_INFINITY,
      replanAt: Number.POSITIVE_INFINITY,
    };
    this.waiting.set(item.id, entry);
    line.add(entry);
  }

  #line(queue: string): Line {
    let line = this.lines.get(queue);
    if (line === undefined) {
      line = new Line(queue);
      this.lines.set(queue, line);
    }
    return line;
  }

  #class(item: WorkItem, shapeKey: string, reckonedMs: number): ItemClass {
    const key = nameClass(item, shapeKey, reckonedMs);
    let itemClass = this.classes.get(key);
    if (itemClass === undefined) {
      const { shape, pools, members } = item;
      itemClass = { key, shapeKey, shape, pools, min: members.min, waiting: new Map() };
      this.classes.set(key, itemClass);
    }
    return itemClass;
  }

  /** Takes a workload out of the queue. */
  withdraw(id: string): void {
    const entry = this.waiting.get(id);
    if (entry === undefined) return;
    this.dropPlan(entry);
    this.waiting.delete(id);
    entry.line.remove(entry);
    if (entry.itemClass.waiting.size === 0) this.classes.delete(entry.itemClass.key);
  }

  /** Counts a workload as running; it had no place before. */
  run(item: WorkItem, places: readonly MemberPlace[], startedAt: Instant, end: Instant): Running {
    const laid = this.cluster.lay(item.id, item.shape, places, { kind: "running", start: startedAt, end });
    const amounts = amountsOf(item.shape, places.length, this.#modelOf(places));
    const run: Running = {
      item,
      places,
      laid,
      amounts,
      startedAt,
      endBy: end,
      checkpointAt: null,
      isStopping: false,
    };
    this.running.set(item.id, run);
    if (item.limitMs === null) this.#unlimited += 1;
    const siblings = this.#runsOf.get(item.queue) ?? new Set();
    this.#runsOf.set(item.queue, siblings.add(run));
    this.ends.push({ run, at: end });
    this.shares.take({ queue: item.queue, amounts }, startedAt);
    this.#countPool(run, 1);
    return run;
  }

  /** When a run that starts at `startedAt` is reckoned to end. */
  reckonEnd(item: WorkItem, startedAt: Instant): Instant {
    return startedAt + reckonRun(item, this.settings);
  }

  /** Frees what a workload held, or takes it out of the queue. */
  finish(id: string, now: Instant): void {
    this.withdraw(id);
    const run = this.running.get(id);
    if (run === undefined) return;
    this.running.delete(id);
    if (run.item.limitMs === null) this.#unlimited -= 1;
    this.#runsOf.get(run.item.queue)?.delete(run);
    this.cluster.lift(run.laid);
    this.#countPool(run, -1);
    const use = { queue: run.item.queue, amounts: run.amounts };
    if (run.isStopping) this.shares.leave(use, now);
    else this.shares.giveBack(use, now);
  }

  /** A running workload is told to stop: it is reckoned to be gone by `end`. */
  stop(run: Running, now: Instant, end: Instant): void {
    run.isStopping = true;
    this.shares.unpromise({ queue: run.item.queue, amounts: run.amounts }, now);
    run.endBy = end;
    this.cluster.setEnd(run.laid, end);
    this.cluster.state += 1;
    this.ends.push({ run, at: end });
  }

  /** Leaves an elastic workload with some of its members. */
  shrink(run: Running, places: readonly MemberPlace[], now: Instant): void {
    this.cluster.lift(run.laid);
    this.#countPool(run, -1);
    this.shares.giveBack({ queue: run.item.queue, amounts: run.amounts }, now);
    const { item, startedAt, endBy } = run;
    run.laid = this.cluster.lay(item.id, item.shape, places, { kind: "running", start: startedAt, end: endBy });
    run.places = places;
    run.amounts = amountsOf(item.shape, places.length, this.#modelOf(places));
    this.shares.take({ queue: item.queue, amounts: run.amounts }, now);
    this.#countPool(run, 1);
  }

  #modelOf(places: readonly MemberPlace[]): string | null {
    return this.cluster.node(places[0]?.node ?? "")?.spec.gpuModel ?? null;
  }

  #countPool(run: Running, sign: 1 | -1): void {
    const pool = this.cluster.poolOf(run.places[0]?.node ?? "")?.spec;
    if (pool === undefined) return;
    const use = this.poolUse(pool.id);
    const millis = sign * heldMillis(run.item.shape, run.places);
    if (isGuest(run.item, pool.role)) use.guests += millis;
    else use.hosts += millis;
  }

  /** What runs in each queue. */
  get runsByQueue(): ReadonlyMap<string, ReadonlySet<Running>> {
    return this.#runsOf;
  }

  /** What hosts and guests hold of a pool, in milli-GPUs. */
  poolUse(pool: string): PoolUse {
    let use = this.#poolUse.get(pool);
    if (use === undefined) {
      use = { hosts: 0, guests: 0 };
      this.#poolUse.set(pool, use);
    }
    return use;
  }

  /** What runs in the queue of a workload, and what is planned there before its turn. */
  quotaSpans(entry: Waiting): readonly QuotaSpan[] {
    const { queue } = entry.item;
    const spans: QuotaSpan[] = [];
    for (const { endBy, amounts, isStopping } of this.#runsOf.get(queue) ?? []) {
      if (!isStopping) spans.push({ start: Number.NEGATIVE_INFINITY, end: endBy, amounts });
    }
    for (const other of this.#plansOf.get(queue) ?? []) {
      const { plan } = other;
      if (plan === null || other === entry) continue;
      if (plan.heldUntil === null && byTurn(entry, other) < 0) continue;
      spans.push({ start: plan.at, end: plan.at + other.reckonedMs, amounts: plan.amounts });
    }
    return spans;
  }

  /** Those for whom freed capacity is kept, the earliest start first, as after a restart. */
  heldInTurn(): readonly Planned[] {
    return [...this.held]
      .flatMap((id) => {
        const entry = this.waiting.get(id);
        return entry === undefined || entry.plan === null ? [] : [{ entry, plan: entry.plan }];
      })
      .toSorted(byStart);
  }

  /** No moment is known for a workload: it is looked for again at `at`, where that is finite, or at the next change. */
  giveUp(entry: Waiting, at: Instant): void {
    entry.status = "unplannable";
    entry.replanAt = at;
    if (Number.isFinite(at)) this.unplannable.push({ entry, at });
  }

  /** What the line has planned so far. */
  plannedOf(line: Line): Amounts {
    return this.#planned.get(line) ?? {};
  }

  /** Plans a start. Whoever is in its way and may be pushed aside loses its plan. */
  setPlan(entry: Waiting, at: Instant, places: readonly MemberPlace[], heldUntil: Instant | null): void {
    this.dropPlan(entry);
    const { item, line } = entry;
    const plan = this.layPlan({ id: item.id, at, places, ahead: this.plannedOf(line), heldUntil });
    if (plan !== undefined) this.pushAside(plan.laid, item.id);
  }

  /** Lays a plan as it was saved, without a look at who is in its way. */
  layPlan(saved: SavedPlan): Plan | undefined {
    const { id, at, places, ahead, heldUntil, marks } = saved;
    const entry = this.waiting.get(id);
    if (entry === undefined) return undefined;
    const { item, line, reckonedMs } = entry;
    const amounts = amountsOf(item.shape, places.length, this.#modelOf(places));
    const now = this.shares.standingOf({ queue: item.queue, amounts: addAmounts(ahead, amounts) });
    const standing = marks === undefined ? now : { path: now.path, marks };
    const turn = { id, line, key: entry.key, standing, isHeld: heldUntil !== null };
    const end = saved.endBy ?? at + reckonedMs;
    const laid = this.cluster.lay(id, item.shape, places, { kind: "planned", start: at, end, turn });
    const isHardBound = saved.isHardBound ?? this.#unlimited === 0;
    if (item.limitMs === null) this.#unlimited += 1;
    const plan: Plan = { at, places, laid, ahead, turn, amounts, isHardBound, heldUntil };
    this.#planned.set(line, addAmounts(this.plannedOf(line), amounts));
    entry.plan = plan;
    entry.status = "planned";
    const siblings = this.#plansOf.get(item.queue) ?? new Set();
    this.#plansOf.set(item.queue, siblings.add(entry));
    this.plannedCount += 1;
    this.due.push({ entry, plan });
    if (heldUntil !== null) {
      this.held.add(id);
      this.shares.promise({ queue: item.queue, amounts }, at);
    }
    return plan;
  }

  /** Forgets a plan; the workload waits to be looked at again. */
  dropPlan(entry: Waiting): void {
    const { plan, line } = entry;
    if (plan === null) return;
    this.cluster.lift(plan.laid);
    if (plan.heldUntil !== null) {
      this.held.delete(entry.item.id);
      this.shares.unpromise({ queue: entry.item.queue, amounts: plan.amounts }, plan.at);
    }
    this.#planned.set(line, subtractAmounts(this.plannedOf(line), plan.amounts));
    entry.plan = null;
    if (entry.item.limitMs === null) this.#unlimited -= 1;
    this.#plansOf.get(entry.item.queue)?.delete(entry);
    this.plannedCount -= 1;
    line.unplan(entry);
  }

  /** Drops the plans that no longer fit beside these claims, the latest first; held ones stay. */
  pushAside(laid: readonly LaidClaim[], owner: string): void {
    for (const { node: id, claim } of laid) {
      const node = this.cluster.node(id);
      if (node === undefined || node.future.length === 0) continue;
      while (node.isOvercommitted(claim.start, claim.end, this.cluster.room)) {
        const victim = this.#latestPlan(node.future, claim, owner);
        if (victim === undefined) break;
        this.dropPlan(victim);
        victim.displacedIn = this.cycles;
      }
    }
  }

  #latestPlan(future: readonly Claim[], beside: Claim, owner: string): Waiting | undefined {
    let latest: { readonly turn: PlannedTurn; readonly at: Instant } | undefined;
    for (const { turn, start, end } of future) {
      if (turn === null || turn.isHeld || turn.id === owner) continue;
      if (start >= beside.end || end <= beside.start) continue;
      const isLater =
        latest === undefined || start > latest.at || (start === latest.at && isEarlierTurn(latest.turn, turn));
      if (isLater) latest = { turn, at: start };
    }
    return latest === undefined ? undefined : this.waiting.get(latest.turn.id);
  }

  /**
   * Tells for one workload which claims it may look through: its own, reservations for its queue, and the plans of later
   * turns while it has none itself.
   */
  ignorableFor(entry: Waiting): IsIgnored {
    const { item, line } = entry;
    const asked = amountsOf(item.shape, item.members.min, null);
    const standing = this.shares.standingOf({ queue: item.queue, amounts: addAmounts(this.plannedOf(line), asked) });
    // Whoever has a planned start, or lost one in this cycle, comes forward only where nobody else is put off.
    const isFirm = entry.plan !== null || entry.displacedIn === this.cycles;
    const own = { id: item.id, key: entry.key };
    return ({ kind, owner, turn }) => {
      if (turn !== null) {
        if (turn.id === own.id) return true;
        if (isFirm || turn.isHeld) return false;
        return turn.line === line ? isEarlierTurn(own, turn) : isServedBefore(standing, turn.standing);
      }
      return kind === "reserved" && (this.reservations.get(owner)?.reservation.queues.includes(item.queue) ?? false);
    };
  }
}

/** Whether left comes before right in one line. */
function isEarlierTurn(left: Pick<PlannedTurn, "key" | "id">, right: Pick<PlannedTurn, "key" | "id">): boolean {
  return left.key < right.key || (left.key === right.key && left.id < right.id);
}

/** Whether a workload is a guest in a pool of this role. */
export function isGuest(item: WorkItem, role: WorkItem["role"]): boolean {
  return role !== "any" && item.role !== "any" && item.role !== role;
}
