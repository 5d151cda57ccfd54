import type { Instant } from "../../base/clock.ts";
import { heldMillis } from "./amounts.ts";
import type { IsIgnored } from "./claim.ts";
import type { EngineState } from "./engine-state.ts";
import type { ItemClass, Plan, Planned, Waiting } from "./entry.ts";
import type { Line } from "./line.ts";
import type { MemberPlace, Start } from "./model.ts";
import { guestRoom, optionsOf } from "./place-options.ts";
import { leavesPlannedQuota, planStart } from "./plan-start.ts";

/** A run that outlasts its reckoning is reckoned to go on for a tenth of its time so far, and at least this long. */
const overrunMsMin = 60_000;
/** How soon a moment is looked for again where none was known. */
const replanAfterMs = 300_000;

/** Starts what can start now, in the order of turns, and plans the start of the rest. */
export function runCycle(state: EngineState, now: Instant): readonly Start[] {
  state.cycles += 1;
  state.search.looks = 0;
  const starts: Start[] = [];
  noteReservations(state, now);
  moveOverruns(state, now);
  dropStaleHolds(state, now);
  startHeld(state, now, starts);
  startDue(state, now, starts);
  planAgain(state, now);
  serve(state, now, starts);
  return starts;
}

function moveOverruns(state: EngineState, now: Instant): void {
  for (let first = state.ends.peek(); first !== undefined && first.at <= now; first = state.ends.peek()) {
    state.ends.pop();
    const { run, at } = first;
    if (state.running.get(run.item.id) !== run || run.endBy !== at) continue;
    run.endBy = now + Math.max(overrunMsMin, Math.round((now - run.startedAt) / 10));
    state.cluster.setEnd(run.laid, run.endBy);
    state.ends.push({ run, at: run.endBy });
  }
}

/** Room appears where a reservation has ended. */
function noteReservations(state: EngineState, now: Instant): void {
  for (const { reservation } of state.reservations.values()) {
    if (reservation.end > state.cycledAt && reservation.end <= now) state.cluster.state += 1;
  }
  state.cycledAt = now;
}

function dropStaleHolds(state: EngineState, now: Instant): void {
  for (const id of state.held) {
    const entry = state.waiting.get(id);
    const until = entry?.plan?.heldUntil ?? null;
    if (entry !== undefined && until !== null && until > now) continue;
    if (entry !== undefined && until !== null) state.dropPlan(entry);
    state.held.delete(id);
  }
}

/** Starts those for whom capacity was freed, as soon as it is there. */
function startHeld(state: EngineState, now: Instant, starts: Start[]): void {
  for (const { entry, plan } of state.heldInTurn()) {
    if (entry.plan !== plan) continue;
    // The quota that was promised may still be held by those who are on their way out.
    const isShort = state.shares.findHeldShortage({ queue: entry.item.queue, amounts: plan.amounts }) !== null;
    if (!isShort && canStart(state, entry, plan, now)) start(state, entry, plan.places, now, starts);
  }
}

/** Starts plans whose time has come, where the room is really there; the others stay late. */
function startDue(state: EngineState, now: Instant, starts: Start[]): void {
  const late: Planned[] = [];
  for (let first = state.due.peek(); first !== undefined && first.plan.at <= now; first = state.due.peek()) {
    state.due.pop();
    const { entry, plan } = first;
    if (entry.plan !== plan) continue;
    if (plan.heldUntil !== null) {
      late.push(first);
      continue;
    }
    if (state.shares.findShortage({ queue: entry.item.queue, amounts: plan.amounts }) !== null) {
      state.dropPlan(entry);
    } else if (canStart(state, entry, plan, now)) start(state, entry, plan.places, now, starts);
    else {
      // What is late goes on keeping its place, for as long as it will run.
      state.cluster.setEnd(plan.laid, now + entry.reckonedMs);
      late.push(first);
    }
  }
  for (const each of late) state.due.push(each);
}

/** Whether a planned start has its room now: plans that were due before it and are late keep theirs. */
function canStart(state: EngineState, entry: Waiting, { at, places }: Plan, now: Instant): boolean {
  const { item, reckonedMs } = entry;
  const pool = state.cluster.poolOf(places[0]?.node ?? "");
  const millis = heldMillis(item.shape, places);
  if (pool === undefined || (millis > 0 && guestRoom(state, entry, pool) < millis)) return false;
  const isIgnored: IsIgnored = (claim) =>
    claim.owner === item.id ||
    (claim.kind === "planned" && claim.start >= at) ||
    isOpenTo(state, claim.owner, item.queue);
  const byNode = Map.groupBy(places, (place) => place.node);
  return [...byNode].every(([id, members]) => {
    const pieces = members.map((member) => member.gpus);
    return (
      state.cluster.node(id)?.fits(item.shape, pieces, now, now + reckonedMs, isIgnored, state.cluster.room) ?? false
    );
  });
}

function isOpenTo(state: EngineState, owner: string, queue: string): boolean {
  return state.reservations.get(owner)?.reservation.queues.includes(queue) ?? false;
}

function start(
  state: EngineState,
  entry: Waiting,
  places: readonly MemberPlace[],
  now: Instant,
  starts: Start[],
): void {
  const { item, reckonedMs } = entry;
  state.withdraw(item.id);
  const run = state.run(item, places, now, now + reckonedMs);
  state.pushAside(run.laid, item.id);
  starts.push({ id: item.id, places });
}

/** Looks again at those for whom no moment was known. */
function planAgain(state: EngineState, now: Instant): void {
  if (state.settings.backfill === "easy" && state.plannedCount === 0) {
    for (const line of state.lines.values()) {
      const first = line.first();
      if (first?.status === "unplannable") line.unplan(first);
    }
  }
  for (let first = state.unplannable.peek(); first !== undefined && first.at <= now; first = state.unplannable.peek()) {
    state.unplannable.pop();
    if (first.entry.status === "unplannable" && first.entry.replanAt === first.at) first.entry.line.unplan(first.entry);
  }
}

/** Serves the lines in the order of their shares, until nobody finds a place. */
function serve(state: EngineState, now: Instant, starts: Start[]): void {
  const isStrict = state.settings.backfill === "none";
  const turns = turnsOf(state, offerPlaces(state, isStrict), now);
  for (let line = turns.next(); line !== undefined; line = turns.next()) {
    const entry = isStrict ? line.first() : line.next();
    if (entry === undefined) turns.end(line);
    else if (!attempt(state, entry, now, starts) && isStrict) turns.end(line);
  }
}

/** Tells each line which of its classes may find a place; answers with the lines that have something to try. */
function offerPlaces(state: EngineState, isStrict: boolean): Set<Line> {
  const active = new Set<Line>();
  for (const line of state.lines.values()) {
    line.begin();
    if (isStrict || line.hasUnplanned) active.add(line);
  }
  if (isStrict) return active;
  for (const itemClass of state.classes.values()) {
    if (!mayFit(state, itemClass)) continue;
    for (const line of itemClass.waiting.keys()) {
      line.offer(itemClass, state.cluster.state);
      active.add(line);
    }
  }
  return active;
}

/** Gives the line whose turn it is, among those that are not through. */
interface Turns {
  next(): Line | undefined;
  end(line: Line): void;
}

function turnsOf(state: EngineState, active: Set<Line>, now: Instant): Turns {
  const { shares, settings, lines } = state;
  if (settings.order !== "fair") {
    return { next: () => active.values().next().value, end: (line) => active.delete(line) };
  }
  for (const line of active) shares.setActive(line.queue, true);
  return {
    next: () => lines.get(shares.next(now) ?? ""),
    end: (line) => shares.setActive(line.queue, false),
  };
}

function mayFit(state: EngineState, { pools, shapeKey, shape, min }: ItemClass): boolean {
  return pools.some((pool) => (state.cluster.pool(pool)?.totalNow(shapeKey, shape) ?? 0) >= min);
}

/** Starts one workload, or plans its start. Answers whether it started. */
function attempt(state: EngineState, entry: Waiting, now: Instant, starts: Start[]): boolean {
  const { line, itemClass } = entry;
  const isIgnored = state.ignorableFor(entry);
  if (!line.isBlocked(itemClass, state.cluster.state)) {
    for (const { pool, ask } of optionsOf(state, entry)) {
      if (!leavesPlannedQuota(state, entry, ask, now)) continue;
      const places = state.search.findNow(pool, ask, now, now + entry.reckonedMs, isIgnored);
      if (places === null) continue;
      start(state, entry, places, now, starts);
      return true;
    }
  }
  line.block(entry, state.cluster.state);
  if (entry.plan === null) plan(state, entry, now, isIgnored);
  return false;
}

function plan(state: EngineState, entry: Waiting, now: Instant, isIgnored: IsIgnored): void {
  const { settings, search } = state;
  if (settings.backfill === "none" || (settings.backfill === "easy" && state.plannedCount > 0)) {
    state.giveUp(entry, Number.POSITIVE_INFINITY);
    return;
  }
  if (search.looks >= state.planningLooksMax) {
    entry.line.spend();
    return;
  }
  const found = planStart(state, entry, now, isIgnored);
  if (found === null) state.giveUp(entry, now + replanAfterMs);
  else state.setPlan(entry, found.at, found.places, null);
}
