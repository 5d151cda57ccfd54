import type { Instant, Millis } from "../../base/clock.ts";
import { heldMillis } from "../engine/amounts.ts";
import { evictionCost, lostSeconds } from "../engine/choose-victims.ts";
import type { Running, Waiting } from "../engine/entry.ts";
import { type MemberPlace, wholeGpu } from "../engine/model.ts";
import { optionsOf } from "../engine/place-options.ts";
import type { Scheduler } from "../engine/scheduler.ts";
import { findClearings } from "./find-clearings.ts";
import { replaceRuns } from "./replace-runs.ts";

/** How much may be moved for one workload. */
export interface MoveBudget {
  readonly movesMax: number;
  /** Work since the last checkpoints that may be lost, all moves together. */
  readonly lostGpuSecondsMax: number;
}

/** A run that stops on some nodes and starts again on others at once. */
export interface Move {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly gpus: number;
  readonly from: readonly MemberPlace[];
  readonly to: readonly MemberPlace[];
  /** GPU-seconds of work since its last checkpoint. */
  readonly lostGpuSeconds: number;
  /** GPU-seconds until it works again. */
  readonly restartGpuSeconds: number;
}

/** A proposal: these moves, all together, let the workload start at once. Nothing is done until somebody approves it. */
export interface DefragmentationPlan {
  readonly forId: string;
  readonly moves: readonly Move[];
  /** Where it would start. */
  readonly places: readonly MemberPlace[];
  readonly lostGpuSeconds: number;
  readonly restartGpuSeconds: number;
  /** How much sooner it starts than forecast; null where no start is known. */
  readonly soonerMs: Millis | null;
  /** GPU-seconds that it works sooner; null where no start is known. */
  readonly gpuSecondsSooner: number | null;
}

const defaultBudget: MoveBudget = { movesMax: 8, lostGpuSecondsMax: 100 * 3600 };
/** How many clearings are tried, the cheapest first. */
const triesMax = 64;
/** How many plans are shown to the engine. */
const checksMax = 4;

/**
 * Proposes moves of running workloads so that one that is blocked by fragmentation can start at once: the cheapest
 * clearing, by lost work and restarts, from which every moved run finds another place at the same moment (the rule of
 * KAI-Scheduler's consolidation). Nobody is left without a place, and no planned start of an earlier turn is put off.
 *
 * The engine is asked whether it starts the workload when the plan is carried out. Cost: one fork and a look at each
 * node of its pools with what runs there, then up to 64 tries and 4 forks.
 *
 * @param fork gives an engine that knows what the live one knows as of its last cycle; each is used up.
 * @param eta when it starts otherwise, to tell the benefit.
 * @returns null when no moves within the budget help.
 */
export function proposeDefragmentation(
  fork: () => Scheduler,
  id: string,
  now: Instant,
  budget: MoveBudget = defaultBudget,
  eta: Instant | null = null,
): DefragmentationPlan | null {
  const { state } = fork();
  const entry = state.waiting.get(id);
  if (entry === undefined) return null;
  const penalty = state.settings.preemptedBeforePenaltySeconds;
  const costOf = (run: Running): number => evictionCost(run, now, penalty);
  const clearings = optionsOf(state, entry)
    .flatMap((option) => findClearings(state, entry, option, now, { movesMax: budget.movesMax, costOf }))
    .toSorted((left, right) => left.cost - right.cost);
  let checks = 0;
  for (const { option, runs } of clearings.slice(0, triesMax)) {
    if (runs.reduce((sum, run) => sum + lostGpuSeconds(run, now), 0) > budget.lostGpuSecondsMax) continue;
    const replaced = replaceRuns(state, entry, option, runs, now);
    if (replaced === null) continue;
    const moves = runs.map((run) => moveOf(run, replaced.to.get(run.item.id) ?? [], now));
    const plan = planOf(entry, moves, replaced.places, now, eta);
    checks += 1;
    if (startsWith(fork(), plan, now)) return plan;
    if (checks >= checksMax) return null;
  }
  return null;
}

/**
 * Carries a plan out in an engine: every moved run ends where it is and starts again where the plan says. The next cycle
 * starts the workload.
 */
export function applyDefragmentation(engine: Scheduler, { moves }: DefragmentationPlan, now: Instant): void {
  const items = moves.flatMap((move) => {
    const run = engine.state.running.get(move.id);
    return run === undefined ? [] : [{ move, item: run.item }];
  });
  for (const { move } of items) engine.finish(move.id, now);
  for (const { move, item } of items) {
    const again = { ...item, timesPreempted: item.timesPreempted + 1 };
    engine.adopt({ item: again, places: move.to, startedAt: now, checkpointAt: null, isStopping: false });
  }
}

function startsWith(engine: Scheduler, plan: DefragmentationPlan, now: Instant): boolean {
  applyDefragmentation(engine, plan, now);
  return engine.cycle(now).starts.some((start) => start.id === plan.forId);
}

function gpusOf(run: Running): number {
  return heldMillis(run.item.shape, run.places) / wholeGpu;
}

function lostGpuSeconds(run: Running, now: Instant): number {
  return gpusOf(run) * lostSeconds(run, now);
}

function moveOf(run: Running, to: readonly MemberPlace[], now: Instant): Move {
  const { item, places } = run;
  return {
    id: item.id,
    name: item.name,
    queue: item.queue,
    gpus: gpusOf(run),
    from: places,
    to,
    lostGpuSeconds: lostGpuSeconds(run, now),
    restartGpuSeconds: (gpusOf(run) * item.restartMs) / 1000,
  };
}

function planOf(
  { item }: Waiting,
  moves: readonly Move[],
  places: readonly MemberPlace[],
  now: Instant,
  eta: Instant | null,
): DefragmentationPlan {
  const soonerMs = eta === null ? null : Math.max(0, eta - now);
  const gpus = heldMillis(item.shape, places) / wholeGpu;
  return {
    forId: item.id,
    moves,
    places,
    lostGpuSeconds: moves.reduce((sum, move) => sum + move.lostGpuSeconds, 0),
    restartGpuSeconds: moves.reduce((sum, move) => sum + move.restartGpuSeconds, 0),
    soonerMs,
    gpuSecondsSooner: soonerMs === null ? null : (gpus * soonerMs) / 1000,
  };
}
