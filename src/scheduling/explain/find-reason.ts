import type { Instant } from "../../base/clock.ts";
import { formatDuration } from "../../base/units.ts";
import { amountsOf, memberMillis } from "../engine/amounts.ts";
import type { Claim, IsIgnored } from "../engine/claim.ts";
import type { EngineState } from "../engine/engine-state.ts";
import { byTurn, type Waiting } from "../engine/entry.ts";
import { couldHost } from "../engine/node-state.ts";
import { placeMembers } from "../engine/place-members.ts";
import { guestRoom } from "../engine/place-options.ts";
import type { PlaceAsk } from "../engine/place-search.ts";
import type { PoolState } from "../engine/pool-state.ts";
import type { QuotaShortage } from "../quota/quota-fit.ts";
import { blockersOfRuns, findHolders, findPromises, findQuotaHolders, waitingBlocker } from "./find-blockers.ts";
import { findCapacityShortage } from "./find-capacity-shortage.ts";
import { leastAsks } from "./least-asks.ts";
import { type Blocker, passingCodes, type PassingCode, type WaitReason } from "./model.ts";
import { findObstacle } from "./refuse-impossible.ts";
import { count, countWith, partWith, wordsOfAmount, wordsOfAmountWith, wordsOfList } from "./words.ts";

/** One look at one waiting workload. */
interface Look {
  readonly state: EngineState;
  readonly entry: Waiting;
  readonly now: Instant;
}

/** What keeps a workload out of one pool with one GPU model; blockers are looked for once it is chosen. */
interface Hindrance {
  readonly code: PassingCode;
  readonly pool: string | null;
  readonly sentence: string;
  readonly changes: readonly string[];
  readonly blockers: () => readonly Blocker[];
}

/**
 * Finds the one reason why a workload waits, as of the last cycle: what never passes before what passes; among the
 * pools and GPU models that will do, the one where a start is nearest. Cost: its pools' nodes.
 */
export function findReason(state: EngineState, entry: Waiting, now: Instant): WaitReason {
  const look = { state, entry, now };
  const { item } = entry;
  const obstacle = findObstacle(state, item, () => true);
  if (obstacle !== null && obstacle.code !== "pool-empty") {
    return { ...obstacle, code: obstacle.code, sentence: `never: ${obstacle.sentence}`, isLasting: true, blockers: [] };
  }
  if (obstacle !== null) return { ...obstacle, code: obstacle.code, isLasting: false, blockers: [] };
  const hindrance = findHold(look) ?? findNodesAway(look) ?? nearestOf(look);
  const { code, pool, sentence } = hindrance;
  const blockers = hindrance.blockers();
  const [first] = blockers;
  const waits = first === undefined ? [] : [`wait for ${first.name}`];
  return { code, pool, sentence, isLasting: false, blockers, changes: [...hindrance.changes, ...waits] };
}

function findHold({ state, entry, now }: Look): Hindrance | null {
  const { plan } = entry;
  if (plan === null || plan.heldUntil === null) return null;
  const nodes = new Set(plan.places.map((place) => place.node));
  const leaving = [...state.running.values()].filter(
    (run) => run.isStopping && run.places.some((place) => nodes.has(place.node)),
  );
  const until = Math.max(now, plan.at, ...leaving.map((run) => run.endBy));
  const what =
    leaving.length === 0 ? "room was made for it" : `${countWith(leaving.length, "run", "was")} told to stop for it`;
  return {
    code: "held-for-preemption",
    pool: state.cluster.poolOf(plan.places[0]?.node ?? "")?.spec.id ?? null,
    sentence: `${what}; it starts within ${formatDuration(until - now)}`,
    changes: [],
    blockers: () => blockersOfRuns(state, leaving, now),
  };
}

/** Nodes that are away matter when those that are ready would be too few even empty. */
function findNodesAway({ state, entry }: Look): Hindrance | null {
  const { item } = entry;
  const hosts = item.pools
    .flatMap((id) => state.cluster.pool(id)?.nodes ?? [])
    .filter((node) => couldHost(item.shape, node.spec));
  const away = hosts.filter((node) => node.spec.state !== "ready");
  if (away.length === 0 || findObstacle(state, item, (node) => node.spec.state === "ready") === null) return null;
  const areAllDraining = away.length === hosts.length && away.every((node) => node.spec.state === "draining");
  const pools = wordsOfList([...new Set(away.map((node) => node.spec.pool))]);
  const those = { noun: "node", which: `of pool ${pools} that could run it` };
  const names = wordsOfList(away.map((node) => node.spec.id).toSorted());
  const draining = away.filter((node) => node.spec.state === "draining").length;
  const how = draining === 0 ? "down" : draining === away.length ? "draining" : "down or draining";
  return {
    code: areAllDraining ? "pool-draining" : "nodes-down",
    pool: away[0]?.spec.pool ?? null,
    sentence: `${partWith(away.length, hosts.length, those, "is")} ${how} (${names})${wordsOfLeft(hosts.length - away.length)}`,
    changes: ["wait until they are back", "choose another pool"],
    blockers: () => [],
  };
}

function wordsOfLeft(left: number): string {
  if (left === 0) return "";
  return left === 1 ? ", and the other is too little for it" : ", and the others are too few for it";
}

function nearestOf(look: Look): Hindrance {
  const { state, entry } = look;
  let nearest: Hindrance | null = null;
  for (const id of entry.item.pools) {
    const pool = state.cluster.pool(id);
    if (pool === undefined) continue;
    for (const ask of leastAsks(entry.item, pool)) {
      const found = findHindrance(look, pool, ask);
      if (nearest === null || nearness(found) > nearness(nearest)) nearest = found;
    }
  }
  return nearest ?? nextCycle(null);
}

function nearness({ code }: Hindrance): number {
  return passingCodes.indexOf(code);
}

function findHindrance(look: Look, pool: PoolState, ask: PlaceAsk): Hindrance {
  const { state, entry, now } = look;
  const byQuota = findQuotaUse(look, pool, ask) ?? findGuestUse(look, pool, ask);
  if (byQuota !== null) return byQuota;
  const slots = pool.slotsNow(ask.shapeKey, ask.shape).slice();
  if (placeMembers(pool.topology, slots, ask) !== null) return findPromised(look, pool, ask, slots);
  const hosts = pool.nodes.filter((node) => node.accepts(ask.shape));
  const shortage = findCapacityShortage(state, pool, ask, hosts, entry.item.shape);
  return { ...shortage, pool: pool.spec.id, blockers: () => findHolders(state, entry, hosts, now) };
}

function findQuotaUse({ state, entry, now }: Look, pool: PoolState, { shape, min }: PlaceAsk): Hindrance | null {
  const { queue } = entry.item;
  const [model] = shape.gpuModels;
  const amounts = amountsOf(shape, min, shape.gpuModels.length === 1 ? (model ?? null) : null);
  const shortage = state.shares.findShortage({ queue, amounts });
  if (shortage === null) return null;
  const { key, available } = shortage;
  return {
    code: "quota-in-use",
    pool: pool.spec.id,
    sentence: `it asks for ${wordsOfAmount(key, shortage.asked)}, and ${limitOf(shortage, queue)}, of which ${wordsOfAmountWith(key, shortage.uses, "is")} used`,
    changes: [
      ...(available > 0 ? [`ask for at most ${wordsOfAmount(key, available)}`] : []),
      `raise the quota of ${shortage.node}`,
    ],
    blockers: () => findQuotaHolders(state, shortage, now),
  };
}

function limitOf({ key, node, nominal, borrowing }: QuotaShortage, queue: string): string {
  const whose = node === queue ? `queue ${queue}` : `${node}, above queue ${queue},`;
  const lent = borrowing === null || borrowing === 0 ? "" : ` and may borrow ${wordsOfAmount(key, borrowing)}`;
  return `${whose} has ${wordsOfAmount(key, nominal)}${lent}`;
}

function findGuestUse({ state, entry, now }: Look, pool: PoolState, { shape, min }: PlaceAsk): Hindrance | null {
  const asked = memberMillis(shape) * min;
  const left = guestRoom(state, entry, pool);
  if (left >= asked) return null;
  const { id, role, floorMillis } = pool.spec;
  const floor = wordsOfAmount("gpu", floorMillis);
  return {
    code: "guest-room-in-use",
    pool: id,
    sentence: `it asks for ${wordsOfAmount("gpu", asked)}, and pool ${id} keeps ${floor} for ${role} and has ${wordsOfAmount("gpu", Math.max(0, left))} left for guests`,
    changes: [...(left > 0 ? [`ask for at most ${wordsOfAmount("gpu", left)}`] : []), "choose another pool"],
    blockers: () => {
      const inPool = [...state.running.values()].filter(
        (run) => state.cluster.poolOf(run.places[0]?.node ?? "") === pool && memberMillis(run.item.shape) > 0,
      );
      return blockersOfRuns(state, inPool, now);
    },
  };
}

/** It fits beside what runs: what is promised to others, or whose turn comes before, is in its way. */
function findPromised(look: Look, pool: PoolState, ask: PlaceAsk, slots: Int32Array): Hindrance {
  const { state, entry, now } = look;
  const mayPass = state.ignorableFor(entry);
  const owners = new Set<string>();
  const during = slots.slice();
  for (const node of pool.nodes) {
    if (slots[node.index] === 0 || node.future.length === 0) continue;
    during[node.index] = node.slotsDuring(ask.shape, now, now + entry.reckonedMs, mayPass, state.cluster.room);
    if ((during[node.index] ?? 0) >= (slots[node.index] ?? 0)) continue;
    for (const owner of ownersIn(look, node.future, mayPass)) owners.add(owner);
  }
  if (placeMembers(pool.topology, during, ask) !== null) return findTurn(look, pool);
  const blockers = findPromises(state, owners);
  return {
    code: "reserved-capacity",
    pool: pool.spec.id,
    sentence: `there is room now, but ${wordsOfPromises(look, blockers)}`,
    changes: Number.isFinite(entry.reckonedMs) ? ["set a shorter limit"] : ["set a limit"],
    blockers: () => blockers,
  };
}

function* ownersIn({ entry, now }: Look, future: readonly Claim[], mayPass: IsIgnored): Iterable<string> {
  for (const claim of future) {
    if (claim.start < now + entry.reckonedMs && claim.end > now && !mayPass(claim)) yield claim.owner;
  }
}

function wordsOfPromises({ state, entry, now }: Look, blockers: readonly Blocker[]): string {
  const [first] = blockers;
  if (first === undefined) return "it is kept for others";
  const at = state.reservations.get(first.id)?.reservation.start ?? state.waiting.get(first.id)?.plan?.at ?? now;
  const soon = at <= now ? "now" : `in ${formatDuration(at - now)}`;
  const others = blockers.length > 1 ? ` (and ${count(blockers.length - 1, "other")})` : "";
  const takes = Number.isFinite(entry.reckonedMs) ? `may take ${formatDuration(entry.reckonedMs)}` : "has no limit";
  const promise =
    first.kind === "reserved" ? `${first.name} sets it aside ${soon}` : `${first.name} is to start there ${soon}`;
  return `${promise}${others}, and this ${takes}`;
}

function findTurn({ state, entry }: Look, pool: PoolState): Hindrance {
  const isStrict = state.settings.backfill === "none";
  const head = isStrict ? entry.line.first() : firstOfClass(state, entry);
  if (head === undefined || head === entry) return nextCycle(pool.spec.id);
  const canRise = entry.item.priority < 100 && head.item.priority < 100;
  return {
    code: "behind-others",
    pool: pool.spec.id,
    sentence: `${head.item.name} is before it in the queue and waits for room`,
    changes: canRise ? [`give it a priority above ${head.item.priority}`] : [],
    blockers: () => [waitingBlocker(head)],
  };
}

/** The first of those that the engine cannot tell apart: as long as it finds no place, the others are not tried. */
function firstOfClass({ waiting }: EngineState, entry: Waiting): Waiting {
  let first = entry;
  for (const other of waiting.values()) {
    if (other.line === entry.line && other.itemClass === entry.itemClass && byTurn(other, first) < 0) first = other;
  }
  return first;
}

function nextCycle(pool: string | null): Hindrance {
  return {
    code: "next-cycle",
    pool,
    sentence: "nothing is in its way: the next cycle starts it",
    changes: ["wait a moment"],
    blockers: () => [],
  };
}
