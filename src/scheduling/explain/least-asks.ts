import { nameShape } from "../engine/entry.ts";
import type { WorkItem } from "../engine/model.ts";
import type { PlaceAsk } from "../engine/place-search.ts";
import type { PoolState } from "../engine/pool-state.ts";

/**
 * The least that an item needs of a pool, whatever the quotas say: one ask for each GPU model that will do. One member
 * alone lies in one domain of every level, so its topology does not matter; an elastic workload in slices starts with
 * whole slices.
 */
export function leastAsks({ shape, members, topology }: WorkItem, pool: PoolState): readonly PlaceAsk[] {
  const size = topology?.slice?.size ?? 1;
  const whole = Math.ceil(members.min / size) * size;
  const least = whole <= members.max ? whole : members.min;
  const lie = members.max === 1 ? null : topology;
  return modelsFor(shape, pool).map((gpuModels) => {
    const narrowed = { ...shape, gpuModels };
    return { shape: narrowed, shapeKey: nameShape(narrowed), min: least, max: least, topology: lie };
  });
}

/** Each GPU model of the pool that will do, by itself; one empty list where it asks for no GPUs. */
function modelsFor({ gpu, gpuModels }: WorkItem["shape"], pool: PoolState): readonly (readonly string[])[] {
  if (gpu.kind === "none") return [[]];
  return pool.models.filter((model) => gpuModels.length === 0 || gpuModels.includes(model)).map((model) => [model]);
}
