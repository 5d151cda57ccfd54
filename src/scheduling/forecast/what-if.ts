import type { Instant, Millis } from "../../base/clock.ts";
import { heldMillis } from "../engine/amounts.ts";
import { type EngineSnapshot, wholeGpu, type WorkItem } from "../engine/model.ts";
import { Scheduler } from "../engine/scheduler.ts";
import { applyChanges } from "./apply-changes.ts";
import type { ForecastBounds } from "./forecast-starts.ts";
import type { Change, EvictionChange, StartChange, WhatIfAnswer, WorldTotals } from "./model.ts";
import { playForward, type Playback } from "./play-forward.ts";

const defaultBounds: ForecastBounds = { horizonMs: 30 * 86_400_000, cyclesMax: 5000 };

/** One world, played. */
interface World {
  /** Everything that waits in it, or lost its place. */
  readonly waiting: readonly WorkItem[];
  readonly playback: Playback;
  readonly gpuMillis: number;
  /** Runs that lost their place with a node, and the GPU-seconds that went with them. */
  readonly lost: ReadonlyMap<string, number>;
}

/**
 * Tells what changes for whom, and when, if these changes were made now: plays the world with and without them, every
 * run ending as its forecast's median says. The live engine is not touched.
 *
 * Cost: two restores and one cycle for each end of a run that is played.
 *
 * @throws {Fault} `platform.request-invalid` when a change names what is not there or breaks the quota tree.
 */
export function whatIf(
  snapshot: EngineSnapshot,
  changes: readonly Change[],
  now: Instant,
  bounds: Partial<ForecastBounds> = {},
): WhatIfAnswer {
  const limits = { ...defaultBounds, ...bounds };
  const changed = applyChanges(snapshot, changes, now);
  const before = play(Scheduler.restore(snapshot), snapshot, [], now, limits);
  const after = play(changed.engine, snapshot, changed.lost, now, limits);
  const until = Math.max(now, ...before.playback.startedAt.values(), ...after.playback.startedAt.values());
  return {
    at: now,
    until,
    starts: compareStarts(before, after),
    evictions: compareEvictions(before, after),
    before: totalsOf(before, now, until),
    after: totalsOf(after, now, until),
    isCutOff: before.playback.isCutOff || after.playback.isCutOff,
  };
}

function play(
  engine: Scheduler,
  snapshot: EngineSnapshot,
  lost: readonly WorkItem[],
  now: Instant,
  limits: ForecastBounds,
): World {
  const waiting = [...[...engine.state.waiting.values()].map((entry) => entry.item), ...lost];
  const pools = [...engine.state.cluster.pools].flatMap((pool) => pool.nodes);
  const gpus = pools.filter(({ spec }) => spec.state !== "down").reduce((sum, { spec }) => sum + spec.gpus, 0);
  const runs = new Map(snapshot.running.map((run) => [run.item.id, run]));
  const losses = lost.map(({ id }): [string, number] => {
    const run = runs.get(id);
    if (run === undefined) return [id, 0];
    const seconds = Math.max(0, now - Math.max(run.startedAt, run.checkpointAt ?? run.startedAt)) / 1000;
    return [id, (seconds * heldMillis(run.item.shape, run.places)) / wholeGpu];
  });
  const playback = playForward(engine, now, { ...limits, likelihood: "p50" }, lost);
  return { waiting, playback, gpuMillis: gpus * wholeGpu, lost: new Map(losses) };
}

function compareStarts(before: World, after: World): readonly StartChange[] {
  const was = new Map(before.waiting.map((item) => [item.id, item]));
  const is = new Map(after.waiting.map((item) => [item.id, item]));
  const changes: StartChange[] = [];
  for (const item of new Map([...was, ...is]).values()) {
    const { id, name, queue } = item;
    const from = was.has(id) ? (before.playback.startedAt.get(id) ?? null) : null;
    const to = is.has(id) ? (after.playback.startedAt.get(id) ?? null) : null;
    const kind = after.lost.has(id) ? "displaced" : !was.has(id) ? "new" : !is.has(id) ? "cancelled" : kindOf(from, to);
    if (kind === null) continue;
    changes.push({ id, name, queue, kind, before: from, after: to, shiftMs: shiftOf(from, to) });
  }
  return changes.toSorted(
    (left, right) =>
      Math.abs(right.shiftMs ?? Number.POSITIVE_INFINITY) - Math.abs(left.shiftMs ?? Number.POSITIVE_INFINITY) ||
      (left.id < right.id ? -1 : 1),
  );
}

function shiftOf(from: Instant | null, to: Instant | null): Millis | null {
  return from === null || to === null ? null : to - from;
}

function kindOf(from: Instant | null, to: Instant | null): StartChange["kind"] | null {
  if (from === to) return null;
  if (from === null) return "at-last";
  if (to === null) return "never";
  return to < from ? "earlier" : "later";
}

/** How often, and at what loss, a world evicts each workload. */
function evictionsOf({
  playback,
  lost,
}: World): ReadonlyMap<string, { readonly times: number; readonly lost: number }> {
  const sums = new Map([...lost].map(([id, seconds]) => [id, { times: 1, lost: seconds }]));
  for (const { id, lostGpuSeconds } of playback.evictions) {
    const sum = sums.get(id);
    sums.set(id, { times: (sum?.times ?? 0) + 1, lost: (sum?.lost ?? 0) + lostGpuSeconds });
  }
  return sums;
}

function compareEvictions(before: World, after: World): readonly EvictionChange[] {
  const [was, is] = [evictionsOf(before), evictionsOf(after)];
  const items = new Map(
    [...before.playback.spans, ...after.playback.spans].map(({ item }) => [item.id, item] as const),
  );
  for (const item of after.waiting) items.set(item.id, item);
  return [...new Set([...was.keys(), ...is.keys()])].toSorted().flatMap((id) => {
    const [from, to] = [was.get(id), is.get(id)];
    if (from?.times === to?.times && from?.lost === to?.lost) return [];
    const { name, queue } = items.get(id) ?? { name: id, queue: "" };
    return [
      {
        id,
        name,
        queue,
        before: from?.times ?? 0,
        after: to?.times ?? 0,
        lostGpuSecondsBefore: from?.lost ?? 0,
        lostGpuSecondsAfter: to?.lost ?? 0,
      },
    ];
  });
}

function totalsOf(world: World, now: Instant, until: Instant): WorldTotals {
  const { waiting, playback, gpuMillis } = world;
  let waitMs = 0;
  let started = 0;
  for (const { id } of waiting) {
    const at = playback.startedAt.get(id);
    if (at !== undefined) started += 1;
    waitMs += (at ?? until) - now;
  }
  const gpuSecondsUsed = playback.spans.reduce((sum, { item, start, end, places }) => {
    const seconds = Math.max(0, Math.min(end, until) - Math.max(start, now)) / 1000;
    return sum + (seconds * heldMillis(item.shape, places)) / wholeGpu;
  }, 0);
  const gpuSecondsTotal = ((gpuMillis / wholeGpu) * (until - now)) / 1000;
  const evictions = [...evictionsOf(world).values()];
  return {
    started,
    neverStarted: waiting.length - started,
    waitMs,
    waitMsMean: waiting.length === 0 ? 0 : waitMs / waiting.length,
    gpuSecondsUsed,
    gpuSecondsTotal,
    utilisation: gpuSecondsTotal === 0 ? 0 : gpuSecondsUsed / gpuSecondsTotal,
    evictions: evictions.reduce((sum, each) => sum + each.times, 0),
    lostGpuSeconds: evictions.reduce((sum, each) => sum + each.lost, 0),
  };
}
