import type { PastShare } from "../quota/past-share.ts";
import { addAmounts } from "./amounts.ts";
import type { EngineState } from "./engine-state.ts";
import type { Planned } from "./entry.ts";
import type { QueueShares } from "./queue-shares.ts";

/**
 * Counts by other books from now on, in whose tree every queue in use is still a queue: what is held and promised is
 * counted anew, as after a restart, and whoever has no plan is looked at again. Plans stay.
 */
export function recountShares(state: EngineState, shares: QueueShares, past: readonly PastShare[]): void {
  state.replaceShares(shares);
  const runs = [...state.running.values()].toSorted((left, right) => (left.item.id < right.item.id ? -1 : 1));
  for (const { item, amounts, startedAt, isStopping } of runs) {
    shares.take({ queue: item.queue, amounts }, startedAt);
    if (isStopping) shares.unpromise({ queue: item.queue, amounts }, startedAt);
  }
  const planned: Planned[] = [];
  for (const entry of state.waiting.values()) {
    if (entry.plan !== null) planned.push({ entry, plan: entry.plan });
    else if (entry.status === "unplannable") entry.line.unplan(entry);
  }
  for (const { entry, plan } of planned.toSorted(byId)) {
    const { queue } = entry.item;
    plan.turn.standing = shares.standingOf({ queue, amounts: addAmounts(plan.ahead, plan.amounts) });
    if (plan.heldUntil !== null) shares.promise({ queue, amounts: plan.amounts }, plan.at);
  }
  shares.restorePast(past);
  // What was tried in vain under the old quotas may do now.
  state.cluster.state += 1;
}

/** In the order in which plans are laid down after a restart. */
function byId(left: Planned, right: Planned): number {
  return left.plan.at - right.plan.at || (left.entry.item.id < right.entry.item.id ? -1 : 1);
}
