import type { Instant } from "../base/clock.ts";
import { withCondition } from "../platform/resource.ts";
import type { DriftMonitorStatus, DriftReport } from "./model.ts";

/** Nothing can be said yet, or something outside stands in the way. */
export function waitingStatus(
  before: DriftMonitorStatus,
  phase: "waiting" | "blocked",
  message: string,
  now: Instant,
): DriftMonitorStatus {
  const reason = phase === "waiting" ? "TooFewPredictions" : "Blocked";
  const conditions = withCondition(before.conditions, {
    type: "Drifted",
    status: "unknown",
    reason,
    message,
    since: now,
  });
  return { ...before, phase, conditions: [...conditions] };
}

/** A report was made. */
export function reportedStatus(
  before: DriftMonitorStatus,
  report: DriftReport,
  alert: string | null,
): DriftMonitorStatus {
  const drifted = report.verdict === "drifted";
  const conditions = withCondition(before.conditions, {
    type: "Drifted",
    status: drifted ? "true" : "false",
    reason: drifted ? "BeyondThreshold" : "Steady",
    message: report.message,
    since: report.at,
  });
  return {
    ...before,
    phase: drifted ? "drifted" : "watching",
    lastCheck: report.at,
    lastReport: report.id,
    liveRows: report.liveRows,
    findings: [...report.findings],
    alert,
    conditions: [...conditions],
  };
}

/** A retraining runs, or why none does. */
export function retrainingStatus(
  before: DriftMonitorStatus,
  retraining: { readonly kind: "running"; readonly job: string } | { readonly kind: "none"; readonly reason: string },
  now: Instant,
): DriftMonitorStatus {
  const isRunning = retraining.kind === "running";
  const conditions = withCondition(before.conditions, {
    type: "Retraining",
    status: isRunning ? "true" : "false",
    reason: isRunning ? "Started" : "NotStarted",
    message: isRunning ? `${retraining.job} trains on longer history` : retraining.reason,
    since: now,
  });
  const phase = isRunning ? "retraining" : before.phase === "retraining" ? "drifted" : before.phase;
  return { ...before, phase, retrainJob: isRunning ? retraining.job : before.retrainJob, conditions: [...conditions] };
}
