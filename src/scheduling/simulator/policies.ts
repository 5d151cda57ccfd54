import type { EngineSettings } from "../engine/model.ts";
import type { PolicyName } from "./model.ts";

/** What all policies share, so that a comparison shows the order and the backfill alone. */
const shared = {
  placement: "millwright",
  agingMsPerPoint: 3_600_000,
  assumedRunMs: 24 * 3_600_000,
  planningLooksMax: 2_000_000,
  isPreemptionOn: false,
  preemptionTriesMax: 10,
  holdMs: 120_000,
  stopMs: 30_000,
  halfLifeMs: 7 * 86_400_000,
  historyWeight: 1,
  preemptedBeforePenaltySeconds: 600,
} as const;

/**
 * How each policy behaves:
 * `millwright` serves teams by fair share with history, fills gaps without delaying any planned start, and evicts;
 * `steady` is `millwright` without evictions, `fair` also without passing;
 * `fifo` serves in order of submission and lets nobody pass;
 * `easy` does the same and lets later ones pass that do not delay the first;
 * `conservative` lets later ones pass that delay nobody;
 * `priority` serves by priority and lets nobody pass.
 */
export const policies: Readonly<Record<PolicyName, EngineSettings>> = {
  millwright: { ...shared, order: "fair", backfill: "conservative", isPreemptionOn: true },
  steady: { ...shared, order: "fair", backfill: "conservative" },
  fair: { ...shared, order: "fair", backfill: "none" },
  fifo: { ...shared, order: "fifo", backfill: "none" },
  easy: { ...shared, order: "fifo", backfill: "easy" },
  conservative: { ...shared, order: "fifo", backfill: "conservative" },
  priority: { ...shared, order: "priority", backfill: "none" },
};
