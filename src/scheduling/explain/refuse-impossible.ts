import { amountsOf, memberMillis } from "../engine/amounts.ts";
import { type EngineState, isGuest } from "../engine/engine-state.ts";
import { wholeGpu, type WorkItem } from "../engine/model.ts";
import { couldHost, type NodeState } from "../engine/node-state.ts";
import { placeMembers } from "../engine/place-members.ts";
import type { PlaceAsk } from "../engine/place-search.ts";
import type { PoolState } from "../engine/pool-state.ts";
import type { Scheduler } from "../engine/scheduler.ts";
import { levelIndex } from "../engine/topology.ts";
import type { ResourceKey } from "../quota/model.ts";
import { queueOf } from "../quota/move-usage.ts";
import { findMisfit } from "./find-misfit.ts";
import { leastAsks } from "./least-asks.ts";
import { type Obstacle, reasonCodes, type WaitReason } from "./model.ts";
import { count, wordsOfAmount, wordsOfAsk } from "./words.ts";

/**
 * Why no empty cluster and no idle quota could ever run the item; null when one could. Nodes that drain or are down
 * count: they may come back. To be asked before `submit`. Cost: its pools' nodes, × the GPU models that will do.
 *
 * @throws {Fault} `scheduling.queue-unknown` when its queue is no queue of the quota tree.
 */
export function refuseImpossible(scheduler: Scheduler, item: WorkItem): WaitReason | null {
  const { state } = scheduler;
  state.shares.assertQueue(item.queue);
  const obstacle = findObstacle(state, item, () => true);
  // A pool without nodes may yet get some.
  if (obstacle === null || obstacle.code === "pool-empty") return null;
  return { ...obstacle, code: obstacle.code, sentence: `never: ${obstacle.sentence}`, isLasting: true, blockers: [] };
}

/** The obstacle in the pool where a start is least far; null when some pool could run it. Only usable nodes count. */
export function findObstacle(
  state: EngineState,
  item: WorkItem,
  isUsable: (node: NodeState) => boolean,
): Obstacle | null {
  const pools = item.pools.flatMap((id) => state.cluster.pool(id) ?? []);
  let nearest: Obstacle = {
    code: "no-such-pool",
    pool: null,
    sentence:
      item.pools.length === 1
        ? `there is no pool ${item.pools[0]}`
        : `there is none of the pools ${item.pools.join(", ")}`,
    changes: [...item.pools.map((pool) => `apply a Pool named ${pool}`), "choose another pool"],
  };
  for (const pool of pools) {
    const obstacle = findObstacleIn(state, item, pool, isUsable);
    if (obstacle === null) return null;
    if (nearness(obstacle) > nearness(nearest)) nearest = obstacle;
  }
  return nearest;
}

function nearness({ code }: Obstacle): number {
  return reasonCodes.indexOf(code);
}

function findObstacleIn(
  state: EngineState,
  item: WorkItem,
  pool: PoolState,
  isUsable: (node: NodeState) => boolean,
): Obstacle | null {
  const nodes = pool.nodes.filter(isUsable);
  if (nodes.length === 0) {
    return {
      code: "pool-empty",
      pool: pool.spec.id,
      sentence: `pool ${pool.spec.id} has no nodes yet`,
      changes: ["wait until its nodes are there", "choose another pool"],
    };
  }
  const specs = nodes.map((node) => node.spec);
  if (!specs.some((spec) => couldHost(item.shape, spec))) return findMisfit(item.shape, specs, pool.spec.id);
  let nearest: Obstacle | null = null;
  for (const ask of leastAsks(item, pool)) {
    const obstacle =
      findTooLarge(state, item, pool, ask, isUsable) ??
      findGuestCeiling(item, pool) ??
      findQuotaCeiling(state, item, pool, ask);
    if (obstacle === null) return null;
    if (nearest === null || nearness(obstacle) > nearness(nearest)) nearest = obstacle;
  }
  return nearest;
}

/** What fits on each node of the pool when it is empty; 0 on nodes that are not usable. */
function emptySlots(
  state: EngineState,
  pool: PoolState,
  ask: PlaceAsk,
  isUsable: (node: NodeState) => boolean,
): Int32Array {
  const slots = new Int32Array(pool.nodes.length);
  const { room } = state.cluster;
  for (const node of pool.nodes) {
    if (!isUsable(node) || !couldHost(ask.shape, node.spec)) continue;
    room.fill(node.spec, [], 0);
    slots[node.index] = room.slots(ask.shape);
  }
  return slots;
}

function findTooLarge(
  state: EngineState,
  item: WorkItem,
  pool: PoolState,
  ask: PlaceAsk,
  isUsable: (node: NodeState) => boolean,
): Obstacle | null {
  const isAlone = ask.min === 1 && ask.topology === null;
  if (isAlone && pool.nodes.some((node) => isUsable(node) && couldHost(ask.shape, node.spec))) return null;
  const slots = emptySlots(state, pool, ask, isUsable);
  if (placeMembers(pool.topology, slots, ask) !== null) return null;
  const { id, levels } = pool.spec;
  const { required, slice } = ask.topology ?? {};
  const whole = `it asks for ${wordsOfAsk(item.shape, ask.min)}`;
  if (required !== undefined && levelIndex(pool.topology, required) === -1) {
    return {
      code: "no-such-level",
      pool: id,
      sentence: `its members must lie in one ${required}, and pool ${id} has the levels ${[...levels, "node"].join(", ")}`,
      changes: ["require one of these levels", "require none", "choose another pool"],
    };
  }
  const anywhere = membersThatFit(pool, slots, { ...ask, topology: null });
  if (anywhere < ask.min) {
    return {
      code: "too-many-members",
      pool: id,
      sentence: `${whole}, and pool ${id} has room for ${anywhere} of them when it is empty`,
      changes: [`ask for at most ${count(anywhere, "member")}`, "choose another pool"],
    };
  }
  const most = membersThatFit(pool, slots, ask);
  const groups = slice === undefined ? "" : ` in groups of ${slice.size} within one ${slice.level}`;
  const where = required === undefined ? `pool ${id}` : `the largest ${required} of pool ${id}`;
  return {
    code: "no-domain-large-enough",
    pool: id,
    sentence: `${whole}${required === undefined ? "" : ` in one ${required}`}${groups}, and ${where} has room for ${most} of them when it is empty`,
    changes: [
      ...(most > 0 ? [`ask for at most ${count(most, "member")}`] : []),
      "ask for a wider level",
      "choose another pool",
    ],
  };
}

/** How many members fit as asked, at most the minimum. */
export function membersThatFit(pool: PoolState, slots: Int32Array, ask: PlaceAsk): number {
  let low = 0;
  let high = ask.min + 1;
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if (placeMembers(pool.topology, slots, { ...ask, min: middle, max: middle }) === null) high = middle;
    else low = middle;
  }
  return low;
}

function findGuestCeiling(item: WorkItem, pool: PoolState): Obstacle | null {
  const { id, role, floorMillis } = pool.spec;
  if (!isGuest(item, role)) return null;
  const asked = memberMillis(item.shape) * item.members.min;
  const most = Math.max(0, pool.gpuMillis - floorMillis);
  if (asked <= most) return null;
  return {
    code: "guest-ceiling",
    pool: id,
    sentence:
      `it asks for ${wordsOfAmount("gpu", asked)}, and pool ${id} keeps ${floorMillis / wholeGpu} of its ` +
      `${wordsOfAmount("gpu", pool.gpuMillis)} for ${role}, so that others get ${wordsOfAmount("gpu", most)} at most`,
    changes: [`ask for at most ${wordsOfAmount("gpu", most)}`, "choose another pool"],
  };
}

function findQuotaCeiling(state: EngineState, item: WorkItem, pool: PoolState, ask: PlaceAsk): Obstacle | null {
  const queue = queueOf(state.shares.tree, item.queue);
  const [model] = ask.shape.gpuModels;
  const amounts = amountsOf(ask.shape, ask.min, ask.shape.gpuModels.length === 1 ? (model ?? null) : null);
  const broken: ResourceKey | undefined = Object.keys(amounts).find(
    (key) => (amounts[key] ?? 0) > (queue.accounts.get(key)?.ceiling ?? Number.POSITIVE_INFINITY),
  );
  if (broken === undefined) return null;
  const ceiling = queue.accounts.get(broken)?.ceiling ?? 0;
  const own = queue.accounts.get(broken)?.subtree ?? 0;
  const lent = Math.max(0, ceiling - own);
  return {
    code: "quota-ceiling",
    pool: pool.spec.id,
    sentence:
      `it asks for ${wordsOfAmount(broken, amounts[broken] ?? 0)}, and queue ${item.queue} can never hold more than ` +
      `${wordsOfAmount(broken, ceiling)}: ${wordsOfAmount(broken, own)} of its own and ${lent === 0 ? "nothing" : wordsOfAmount(broken, lent)} borrowed`,
    changes: [`ask for at most ${wordsOfAmount(broken, ceiling)}`, `raise the quota of ${item.queue}`],
  };
}
