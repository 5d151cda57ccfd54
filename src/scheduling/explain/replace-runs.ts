import type { Instant } from "../../base/clock.ts";
import { heldMillis } from "../engine/amounts.ts";
import type { IsIgnored } from "../engine/claim.ts";
import type { EngineState } from "../engine/engine-state.ts";
import { type LaidClaim, nameShape, type Running, type Waiting } from "../engine/entry.ts";
import type { MemberPlace } from "../engine/model.ts";
import type { PlaceOption } from "../engine/place-options.ts";
import type { PlaceAsk } from "../engine/place-search.ts";

/** Where a workload starts, and where the runs go that make room for it. */
export interface Replacement {
  readonly places: readonly MemberPlace[];
  readonly to: ReadonlyMap<string, readonly MemberPlace[]>;
}

/**
 * Takes runs from their places, puts a waiting workload there, and finds the runs other places in the same pool, on the
 * same GPU model, as their own topology wants it; null when one finds none. Leaves the cluster as it was.
 */
export function replaceRuns(
  state: EngineState,
  entry: Waiting,
  { pool, ask }: PlaceOption,
  runs: readonly Running[],
  now: Instant,
): Replacement | null {
  const laid: LaidClaim[] = [];
  const { item, reckonedMs } = entry;
  // Nobody whose turn is before the workload's is put off, neither by it nor by those that move for it.
  const planned = state.ignorableFor(entry);
  const mayPass: IsIgnored = (claim) => claim.kind === "planned" && planned(claim);
  for (const run of runs) state.cluster.lift(run.laid);
  try {
    const places = state.search.findNow(pool, ask, now, now + reckonedMs, state.ignorableFor(entry));
    if (places === null) return null;
    laid.push(
      ...state.cluster.lay(item.id, item.shape, places, { kind: "running", start: now, end: now + reckonedMs }),
    );
    const to = new Map<string, readonly MemberPlace[]>();
    // The largest first: small ones fit into what is left.
    for (const run of runs.toSorted((left, right) => sizeOf(right) - sizeOf(left))) {
      const end = state.reckonEnd(run.item, now);
      const own = state.cluster.poolOf(run.places[0]?.node ?? "") ?? pool;
      const found = state.search.findNow(own, askOf(state, run), now, end, mayPass);
      if (found === null) return null;
      to.set(run.item.id, found);
      laid.push(...state.cluster.lay(run.item.id, run.item.shape, found, { kind: "running", start: now, end }));
    }
    return { places, to };
  } finally {
    state.cluster.lift(laid);
    for (const run of runs) {
      const { startedAt: start, endBy: end, item: own } = run;
      run.laid = state.cluster.lay(own.id, own.shape, run.places, { kind: "running", start, end });
    }
  }
}

function sizeOf({ item, places }: Running): number {
  return heldMillis(item.shape, places);
}

/** What a run holds now, asked for anew. */
function askOf(state: EngineState, { item, places }: Running): PlaceAsk {
  const model = state.cluster.node(places[0]?.node ?? "")?.spec.gpuModel ?? null;
  const isOfModel = item.shape.gpu.kind !== "none" && model !== null;
  const shape = isOfModel ? { ...item.shape, gpuModels: [model] } : item.shape;
  return { shape, shapeKey: nameShape(shape), min: places.length, max: places.length, topology: item.topology };
}
