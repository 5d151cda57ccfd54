import type { EngineSettings } from "../engine/model.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** How the engine decides for the running platform. */
export const liveSettings: EngineSettings = {
  order: "fair",
  backfill: "conservative",
  placement: "millwright",
  agingMsPerPoint: 10 * minuteMs,
  assumedRunMs: dayMs,
  planningLooksMax: 200_000,
  isPreemptionOn: true,
  preemptionTriesMax: 10,
  holdMs: 5 * minuteMs,
  stopMs: minuteMs / 2,
  halfLifeMs: 7 * dayMs,
  historyWeight: 0.5,
  preemptedBeforePenaltySeconds: 600,
};

/** A queue of nobody's: it holds what no queue of the tree can be charged for. */
export const nobodysQueue = "(nobody)";
