import type { WorkItem } from "../engine/model.ts";
import { askIn } from "../engine/place-options.ts";
import type { PlaceAsk } from "../engine/place-search.ts";
import type { PoolState } from "../engine/pool-state.ts";

/**
 * The least that an item needs of a pool: one ask for each GPU model that will do. One member alone lies in one domain
 * of every level, so its topology does not matter; an elastic workload in slices starts with whole slices.
 */
export function leastAsks(item: WorkItem, pool: PoolState): readonly PlaceAsk[] {
  const { members, topology } = item;
  const size = topology?.slice?.size ?? 1;
  const whole = Math.ceil(members.min / size) * size;
  const least = whole <= members.max ? whole : members.min;
  return askIn({ item }, pool).map((ask) => ({
    ...ask,
    min: least,
    max: least,
    topology: members.max === 1 ? null : topology,
  }));
}
