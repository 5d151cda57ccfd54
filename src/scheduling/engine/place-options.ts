import { amountsOf, memberMillis } from "./amounts.ts";
import { type EngineState, isGuest } from "./engine-state.ts";
import { nameShape, type Waiting } from "./entry.ts";
import type { Shape } from "./model.ts";
import type { PlaceAsk } from "./place-search.ts";
import type { PoolState } from "./pool-state.ts";

/** A pool, and what may be asked of it within the quotas. */
export interface PlaceOption {
  readonly pool: PoolState;
  readonly ask: PlaceAsk;
}

/** Where a workload may look within its quota: pools in its order of preference, and GPU models. */
export function optionsOf(state: EngineState, entry: Waiting): readonly PlaceOption[] {
  return entry.item.pools.flatMap((id) => {
    const pool = state.cluster.pool(id);
    return pool === undefined ? [] : optionsIn(state, entry, pool);
  });
}

function optionsIn(state: EngineState, entry: Waiting, pool: PoolState): readonly PlaceOption[] {
  const { item, itemClass } = entry;
  const { shape, topology } = item;
  const { min } = item.members;
  const millis = memberMillis(shape);
  // A floor is of GPUs: whoever asks for none takes nothing of it.
  const room = millis === 0 ? item.members.max : Math.floor(guestRoom(state, entry, pool) / millis);
  const most = Math.min(item.members.max, room);
  const models = shape.gpu.kind === "none" ? [null] : wantedModels(shape, pool);
  const allowed = models.flatMap((model) => {
    const max = quotaMembers(state, entry, most, model);
    return max < min ? [] : [{ model, max }];
  });
  if (allowed.length === 0) return [];
  if (item.members.max === 1 && allowed.length === models.length) {
    return [{ pool, ask: { shape, shapeKey: itemClass.shapeKey, min, max: 1, topology } }];
  }
  if (item.members.max === 1) {
    const narrowed = narrow(
      shape,
      allowed.flatMap(({ model }) => model ?? []),
    );
    return [{ pool, ask: { ...narrowed, min, max: 1, topology } }];
  }
  // Members of one workload run on one GPU model.
  return allowed.map(({ model, max }) => ({
    pool,
    ask: { ...narrow(shape, model === null ? [] : [model]), min, max, topology },
  }));
}

/** Where a workload may look for a later start: as now where its quota allows one now, else all that would do, at its least. */
export function futureOptionsOf(state: EngineState, entry: Waiting): readonly PlaceOption[] {
  const options = optionsOf(state, entry);
  if (options.length > 0) return options;
  const millis = memberMillis(entry.item.shape) * entry.item.members.min;
  return entry.item.pools.flatMap((id) => {
    const pool = state.cluster.pool(id);
    if (pool === undefined || guestRoom(state, entry, pool) < millis) return [];
    return askIn(entry, pool).map((ask) => ({ pool, ask }));
  });
}

/** What to ask of a pool for a workload at its least size, whatever the quotas say: one ask for each GPU model. */
export function askIn({ item }: Waiting, pool: PoolState): readonly PlaceAsk[] {
  const { shape, topology, members } = item;
  const models = shape.gpu.kind === "none" ? [null] : wantedModels(shape, pool);
  // An elastic workload takes what it needs at least from others, not what it would like.
  const count = members.min;
  return models.map((model) => ({ ...narrow(shape, model === null ? [] : [model]), min: count, max: count, topology }));
}

function narrow(shape: Shape, gpuModels: readonly string[]): Pick<PlaceAsk, "shape" | "shapeKey"> {
  const narrowed = { ...shape, gpuModels };
  return { shape: narrowed, shapeKey: nameShape(narrowed) };
}

/** The GPU models of the pool that will do. */
function wantedModels({ gpuModels }: Shape, pool: PoolState): readonly string[] {
  return gpuModels.length === 0 ? pool.models : pool.models.filter((model) => gpuModels.includes(model));
}

/** How many members the quota lets start, up to `max`; below the minimum when not even those. */
function quotaMembers(state: EngineState, { item }: Waiting, max: number, model: string | null): number {
  const isAllowed = (members: number): boolean =>
    state.shares.findShortage({ queue: item.queue, amounts: amountsOf(item.shape, members, model) }) === null;
  if (max < item.members.min || isAllowed(max)) return max;
  let low = item.members.min - 1;
  let high = max;
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if (isAllowed(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Milli-GPUs of a pool that a workload may take: guests leave the hosts their floor. */
export function guestRoom(state: EngineState, { item }: Waiting, pool: PoolState): number {
  if (!isGuest(item, pool.spec.role)) return Number.POSITIVE_INFINITY;
  const use = state.poolUse(pool.spec.id);
  return pool.gpuMillis - Math.max(pool.spec.floorMillis, use.hosts) - use.guests;
}
