import type { Instant, Millis } from "../base/clock.ts";
import { isReplicaReady, type ReplicaFact } from "./replica-plan.ts";
import type { UpdateLimits } from "./update-spec.ts";

/** How a deployment's replicas are being replaced. */
export interface ReplicaUpdate extends UpdateLimits {
  /** A new replica that finds no room while others of the deployment hold theirs; null while there is none. */
  readonly blocked: ReplicaFact | null;
}

/** How long a new replica waits for room before others are let go for it: room may be about to come free. */
const patienceMs: Millis = 5_000;

/** Finds whether a replica waits for room that others of the same deployment hold. */
export function replicaUpdate(facts: readonly ReplicaFact[], limits: UpdateLimits, now: Instant): ReplicaUpdate {
  const blocked = facts.find((fact) => {
    const { shortage } = fact;
    return shortage !== null && now - shortage.since >= patienceMs && facts.some((other) => holdsRoomOf(other, fact));
  });
  return { ...limits, blocked: blocked ?? null };
}

/** Whether one replica's place would be of use to the other, which waits. */
function holdsRoomOf(holder: ReplicaFact, waiting: ReplicaFact): boolean {
  if (holder.shortage !== null || holder.endedAt !== null || holder.state === "missing") return false;
  if (holder.signature === waiting.signature && holder.versionId === waiting.versionId) return false;
  return waiting.shortage?.of === "quota" || holder.pool === waiting.pool;
}

/** How many ready replicas a group may lack of those that are wanted: some when the new ones find no room beside them. */
export function mayLack({ blocked, surge, unavailable }: ReplicaUpdate): number {
  return blocked !== null || surge === 0 ? unavailable : 0;
}

/**
 * How many replicas may be started now: while others that were started in an earlier way are left, no more than the surge allows.
 *
 * @param group all replicas of one version that have not ended.
 */
export function startsAllowed(
  group: readonly ReplicaFact[],
  { wanted, signature }: { readonly wanted: number; readonly signature: string },
  { surge }: UpdateLimits,
): number {
  const isReplacing = group.some((fact) => fact.signature !== signature && (isReplicaReady(fact) || fact.isLeaving));
  return isReplacing ? Math.max(0, wanted + surge - group.length) : Number.POSITIVE_INFINITY;
}

/** What a replica that finds no room means for an update, for people. */
export function describeBlock(blocked: ReplicaFact, { unavailable }: UpdateLimits, isBeside: boolean): string {
  const where = blocked.pool === null ? "the room" : `the room in pool ${blocked.pool}`;
  const holds = `replicas that serve hold ${where}`;
  if (isBeside) {
    return `${holds} and stay beside the candidate: make room, or roll out with strategy: rolling, which replaces one after the other`;
  }
  return unavailable > 0
    ? `${holds}: they are let go first, at most ${unavailable} at a time, as update.maxUnavailable says`
    : `${holds} and none may be let go first: make room, or set update.maxUnavailable`;
}
