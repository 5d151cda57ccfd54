import type { Instant } from "../base/clock.ts";
import type { RolloutStatus } from "./model.ts";

/** What a person may order of a rollout. */
export const rolloutActions = ["resume", "promote", "rollback", "split"] as const;

/** The last thing that a person ordered of a candidate's rollout. */
export interface RolloutOrder {
  readonly versionId: string;
  readonly action: (typeof rolloutActions)[number];
  /** The candidate's share, where a split was ordered. */
  readonly percent: number | null;
  readonly actor: string;
  readonly reason: string;
  readonly at: Instant;
}

/** Whether the order is for this rollout and has not been obeyed yet. */
export function isNewOrder(order: RolloutOrder | null, rollout: RolloutStatus): order is RolloutOrder {
  return order !== null && order.versionId === rollout.versionId && order.at > rollout.orderedAt;
}
