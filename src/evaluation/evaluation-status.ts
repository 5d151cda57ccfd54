import type { Instant } from "../base/clock.ts";
import { type Condition, withCondition } from "../platform/resource.ts";
import type { EvaluationReport, EvaluationStatus } from "./model.ts";

const conditionType = "CandidatesJudged";

function next(
  before: EvaluationStatus,
  condition: Pick<Condition, "status" | "reason" | "message">,
  now: Instant,
  fields: Partial<EvaluationStatus>,
): EvaluationStatus {
  const conditions = withCondition(before.conditions, { type: conditionType, ...condition, since: now });
  return { ...before, ...fields, conditions: [...conditions] };
}

/** No candidate waits; the last verdict stays to be seen. */
export function idleStatus(before: EvaluationStatus, now: Instant): EvaluationStatus {
  const message = before.lastCandidate === null ? "no candidate has come yet" : "every candidate has its verdict";
  return next(before, { status: "true", reason: "NoneWaits", message }, now, { phase: "idle" });
}

/** The sets are being built, or the workload is on its way. */
export function workingStatus(
  before: EvaluationStatus,
  phase: "preparing" | "evaluating",
  work: { readonly candidate: string; readonly workload: string; readonly message: string },
  now: Instant,
): EvaluationStatus {
  const condition = { status: "false", reason: "Evaluating", message: work.message } as const;
  return next(before, condition, now, { phase, lastCandidate: work.candidate, workload: work.workload });
}

/** Something outside the candidate stands in the way; `message` says what to do. */
export function blockedStatus(
  before: EvaluationStatus,
  phase: "blocked" | "waiting-for-data",
  block: { readonly candidate: string; readonly message: string },
  now: Instant,
): EvaluationStatus {
  const reason = phase === "blocked" ? "Blocked" : "TooFewRows";
  const condition = { status: "false", reason, message: block.message } as const;
  return next(before, condition, now, { phase, lastCandidate: block.candidate });
}

/** A report was kept. */
export function judgedStatus(before: EvaluationStatus, report: EvaluationReport, now: Instant): EvaluationStatus {
  const aucOf = (role: string): number | null =>
    report.measurement?.models.find((model) => model.role === role)?.figures.auc.value ?? null;
  const condition = {
    status: "true",
    reason: report.passed ? "Passed" : report.measurement === null ? "ModelUnfit" : "Rejected",
    message: report.gate.message,
  } as const;
  return next(before, condition, now, {
    phase: "idle",
    lastCandidate: report.versionId,
    verdict: report.passed ? "passed" : "rejected",
    summary: report.gate.message,
    auc: aucOf("candidate"),
    baselineAuc: aucOf("baseline"),
    workload: report.workload,
  });
}
