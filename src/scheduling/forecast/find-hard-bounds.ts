import type { Instant } from "../../base/clock.ts";
import type { Claim } from "../engine/claim.ts";
import type { EngineState } from "../engine/engine-state.ts";
import type { Plan, Waiting } from "../engine/entry.ts";
import type { MemberPlace } from "../engine/model.ts";
import { couldHost, type NodeState } from "../engine/node-state.ts";

/**
 * The latest starts that rest on limits alone, by workload: planned starts, in pools where everything that must end
 * before any planned start has a limit. Where one workload may wait for as long as another likes, or for quota, nobody
 * of its pools is named: a late start may come in the way of others.
 *
 * They hold as long as nobody comes whose turn is earlier, nothing without a limit is let pass, and nodes stay. Cost:
 * the plans × the claims on their nodes.
 */
export function findHardBounds(state: EngineState, now: Instant): ReadonlyMap<string, Instant> {
  const softPools = new Set<string>();
  for (const entry of state.waiting.values()) {
    if (isFirm(state, entry, now) || !couldRun(state, entry)) continue;
    for (const pool of entry.item.pools) softPools.add(pool);
  }
  const bounds = new Map<string, Instant>();
  for (const { item, plan } of state.waiting.values()) {
    if (plan !== null && !item.pools.some((pool) => softPools.has(pool))) bounds.set(item.id, plan.at);
  }
  return bounds;
}

/** Whether some node of its pools could host a member of it. */
function couldRun(state: EngineState, { item, plan }: Waiting): boolean {
  if (plan !== null) return true;
  return item.pools.some((id) => state.cluster.pool(id)?.nodes.some((node) => couldHost(item.shape, node.spec)));
}

/** Whether its plan can only be put off by others whose plans are. */
function isFirm(state: EngineState, entry: Waiting, now: Instant): boolean {
  const { plan, item } = entry;
  // A plan whose time has passed waits for something that outlasted its reckoning.
  if (plan === null || plan.at <= now) return false;
  if (state.shares.findShortage({ queue: item.queue, amounts: plan.amounts }) !== null) return false;
  return [...Map.groupBy(plan.places, (place) => place.node)].every(([id, places]) => {
    const node = state.cluster.node(id);
    return node !== undefined && inTheWay(node, entry, places, plan).every((claim) => isLimited(state, claim));
  });
}

/** Claims that must end before members can start at their places. */
function inTheWay(node: NodeState, { item }: Waiting, places: readonly MemberPlace[], { at }: Plan): readonly Claim[] {
  const { shape } = item;
  const indices = new Set(places.flatMap(({ gpus }) => gpus.map((gpu) => gpu.index)));
  const asked = places.length;
  const isRestShort =
    node.cpuFree < shape.cpuMillis * asked ||
    node.memoryFree < shape.memory * asked ||
    Object.entries(shape.custom ?? {}).some(([name, amount]) => (node.customFree[name] ?? 0) < amount * asked) ||
    // What is planned before may take the rest as well.
    node.future.some((claim) => claim.kind === "planned" && claim.start < at);
  return [...node.running, ...node.future].filter((claim) => {
    if (claim.owner === item.id || claim.start >= at) return false;
    return isRestShort || claim.pieces.some((piece) => indices.has(piece.index));
  });
}

/** Whether the claim ends by the time that is reckoned with, once it begins. */
function isLimited(state: EngineState, { kind, owner }: Claim): boolean {
  if (kind === "reserved") return true;
  const run = state.running.get(owner);
  if (run !== undefined) return run.isStopping || run.item.limitMs !== null;
  return (state.waiting.get(owner)?.item.limitMs ?? null) !== null;
}
