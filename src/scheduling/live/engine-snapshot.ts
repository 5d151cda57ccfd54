import type { Instant } from "../../base/clock.ts";
import type { QueuedWorkload } from "../../compute/ports.ts";
import type {
  AdvanceReservation,
  DurationForecast,
  EngineSettings,
  EngineSnapshot,
  SavedPlan,
  SavedRun,
  WorkItem,
} from "../engine/model.ts";
import { reckonRun } from "../engine/reckon-run.ts";
import { toTask } from "../engine/node-rank.ts";
import { typicalWorkload } from "../placement/typical-mix.ts";
import { findQueue, modelsOfTree, queuesOf } from "./declared-tree.ts";
import { type EngineMap, engineMapOf, partsOf, toMemberPlaces } from "./engine-nodes.ts";
import { nobodysQueue } from "./engine-settings.ts";
import { type ItemSurroundings, toWorkItem } from "./to-work-item.ts";
import { findUnaskable } from "./waiting-reason.ts";
import type { Declared, PoolReservation, StoredPlan, World } from "./world.ts";

/** How long a workload takes by the history of similar ones; null where nothing is known. */
export type ForecastDuration = (workload: QueuedWorkload) => DurationForecast | null;

/** What people declared, in the engine's words. */
export interface Surroundings extends ItemSurroundings {
  readonly map: EngineMap;
  readonly declared: Declared;
}

/** Reads what was declared once, for all who put something into the engine's words. */
export function surroundingsOf(declared: Declared, forecastOf: ForecastDuration): Surroundings {
  const map = engineMapOf(declared.pools, modelsOfTree(declared.quota));
  return {
    map,
    declared,
    pools: new Map(declared.pools.map((pool) => [pool.name, pool])),
    models: map.models,
    queueOf: queueFinder(declared),
    forecastOf,
  };
}

/** The same surroundings after quotas, people or reservations changed, with the machines as they were. */
export function withDeclared(surroundings: Surroundings, declared: Declared): Surroundings {
  return { ...surroundings, declared, queueOf: queueFinder(declared) };
}

function queueFinder({ quota }: Declared): ItemSurroundings["queueOf"] {
  const queues = queuesOf(quota);
  // A project that is gone leaves its workloads to nobody; a queue that somebody named must be there.
  return ({ queue, project }) => findQueue(queues, queue) ?? (queue === project ? nobodysQueue : undefined);
}

/** Whether it waits for a place: not one that is on its way out. */
export function isWaiting({ state, isLeaving }: QueuedWorkload): boolean {
  return state === "queued" && !isLeaving;
}

/** Whether it holds a place. */
export function isHolding({ state }: Pick<QueuedWorkload, "state">): boolean {
  return state === "admitted" || state === "starting" || state === "running";
}

/** The state of the platform as a snapshot of the engine, from which an engine goes on as the one before did. */
export function engineSnapshotOf(
  world: World,
  surroundings: Surroundings,
  settings: EngineSettings,
  now: Instant,
): EngineSnapshot {
  const { map, declared } = surroundings;
  const waiting = world.workloads.filter((each) => isWaiting(each) && findUnaskable(each, surroundings) === null);
  const items = waiting.map((each) => toWorkItem(each, surroundings));
  const waits = new Map(items.map((item) => [item.id, item]));
  const reservations = declared.reservations.map((each) => toReservation(each, map));
  const isKept = (plan: SavedPlan): boolean => {
    const item = waits.get(plan.id);
    return item !== undefined && isPossible(plan, map) && !isReserved(plan, item, reservations, settings, now);
  };
  const running = world.workloads.filter(isHolding).map((each) => toRun(each, surroundings, settings, now));
  const shapes = [...items, ...running.map(({ item }) => item)].map(({ shape }) => toTask(shape));
  return {
    at: null,
    settings,
    mix: typicalWorkload(shapes),
    quota: declared.quota,
    pools: map.pools,
    nodes: [...map.nodes.values()].map((node) => node.spec),
    waiting: items,
    running,
    reservations: reservations.filter((each) => each.nodes.length > 0),
    plans: world.plans.filter(isKept).map(toSavedPlan),
    tries: [],
    past: Object.entries(world.history).map(([node, { average, settledAt }]) => ({ node, average, at: settledAt })),
    evictors: Object.fromEntries(
      world.workloads.filter((each) => each.evictedBy.length > 0).map((each) => [each.id, each.evictedBy]),
    ),
  };
}

function toRun(workload: QueuedWorkload, surroundings: Surroundings, settings: EngineSettings, now: Instant): SavedRun {
  const item = toWorkItem(workload, surroundings);
  const startedAt = workload.admittedAt ?? now;
  return {
    item,
    places: toMemberPlaces(surroundings.map, workload.pool, workload.places),
    startedAt,
    checkpointAt: workload.checkpointAt,
    isStopping: workload.isLeaving,
    endBy: workload.isLeaving ? now + settings.stopMs : startedAt + reckonRun(item, settings),
  };
}

/** A reservation in the engine's words; machines that are gone are passed over. */
export function toReservation({ pool, nodes, ...rest }: PoolReservation, map: EngineMap): AdvanceReservation {
  const parts = nodes.flatMap((node) => partsOf(map, pool, node).map(({ spec }) => spec.id));
  return { ...rest, nodes: parts };
}

function toSavedPlan({ id, at, places, ahead, heldUntil }: StoredPlan): SavedPlan {
  return { id, at, places, ahead, heldUntil };
}

/** Whether others reserved a machine of a plan for some of its time: then it is planned anew, unless its room is held. */
function isReserved(
  { at, places, heldUntil }: SavedPlan,
  item: WorkItem,
  reservations: readonly AdvanceReservation[],
  settings: EngineSettings,
  now: Instant,
): boolean {
  if (heldUntil !== null) return false;
  // What is late keeps its place for its whole length from now on.
  const end = Math.max(at, now) + reckonRun(item, settings);
  return reservations.some(
    (each) =>
      !each.queues.includes(item.queue) &&
      each.start < end &&
      each.end > at &&
      places.some(({ node }) => each.nodes.includes(node)),
  );
}

/** Whether the machines of a plan are as they were when it was made. */
function isPossible({ places }: SavedPlan, map: EngineMap): boolean {
  return places.every(({ node, gpus }) => {
    const machine = map.nodes.get(node);
    return machine !== undefined && gpus.every(({ index }) => index < machine.gpus.length);
  });
}
