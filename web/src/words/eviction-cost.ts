import { formatFigure, formatSpan } from "./numbers.ts";

/** What of a run counts for the cost of its eviction. */
export interface StoppableRun {
  readonly gpus: number;
  readonly members: number;
  readonly startedAt: number | null;
  readonly checkpointAt: number | null;
  readonly restartMs: number;
}

/** Work that stopping a run now throws away, and how long it takes until it works again. */
export interface EvictionCost {
  /** Since its work was last saved, or since its start. */
  readonly unsavedMs: number;
  /** GPU-seconds of work that are lost; 0 without GPUs. */
  readonly lostGpuSeconds: number;
  readonly restartMs: number;
}

/** Reckons what it costs to stop a run at `now`, as the scheduler does when it chooses whom to evict. */
export function evictionCost(run: StoppableRun, now: number): EvictionCost {
  const savedAt = Math.max(run.startedAt ?? now, run.checkpointAt ?? 0);
  const unsavedMs = Math.max(0, now - savedAt);
  return {
    unsavedMs,
    lostGpuSeconds: (unsavedMs / 1000) * run.gpus * run.members,
    restartMs: run.restartMs,
  };
}

/** GPU-seconds in the unit that suits their size: `40 GPU-seconds`, `12 GPU-minutes`, `3.5 GPU-hours`. */
export function formatGpuSeconds(gpuSeconds: number): string {
  if (gpuSeconds < 120) return `${formatFigure(Math.round(gpuSeconds))} GPU-seconds`;
  if (gpuSeconds < 7200) return `${formatFigure(Math.round(gpuSeconds / 60))} GPU-minutes`;
  return `${formatFigure(gpuSeconds / 3600, 3)} GPU-hours`;
}

/** The cost of an eviction as a sentence's end. */
export function evictionCostWords(cost: EvictionCost): string {
  const work =
    cost.lostGpuSeconds > 0 ? formatGpuSeconds(cost.lostGpuSeconds) : `${formatSpan(cost.unsavedMs)} of work`;
  return cost.restartMs > 0 ? `${work}, and ${formatSpan(cost.restartMs)} to start again` : work;
}
