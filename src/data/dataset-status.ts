import type { Instant } from "../base/clock.ts";
import type { Fault } from "../base/fault.ts";
import { type Condition, withCondition } from "../platform/resource.ts";
import { faultReason } from "./fault-reason.ts";
import type { DatasetStatus } from "./model.ts";
import type { StoredVersion } from "./store.ts";

/** The status of a dataset whose newest version is `newest`. */
export function statusOfVersion(
  before: DatasetStatus,
  newest: StoredVersion,
  latestValid: number | null,
  now: Instant,
): DatasetStatus {
  const broken = newest.violations.map((violation) => `${violation.expectation} (${violation.rows} rows)`).join("; ");
  const isValid = newest.state === "valid";
  return {
    phase: newest.state,
    latestVersion: latestValid,
    rows: newest.rows,
    bytes: newest.bytes,
    contentHash: newest.contentHash,
    columns: newest.columns,
    violations: newest.violations,
    conditions: ready(before, now, {
      status: isValid ? "true" : "false",
      reason: isValid ? "ExpectationsMet" : "ExpectationViolated",
      message: isValid
        ? `version ${newest.version} has ${newest.rows} rows and meets every expectation`
        : `version ${newest.version} breaks ${newest.violations.length} expectations: ${broken}; mend the data or the rules, then apply again`,
    }),
  };
}

/** The status of a dataset that waits for a pipeline to write it. */
export function statusWithoutRows(before: DatasetStatus, now: Instant): DatasetStatus {
  const message = "no pipeline has written this dataset yet; it has no source of its own";
  return {
    ...before,
    phase: "pending",
    conditions: ready(before, now, { status: "unknown", reason: "NotWritten", message }),
  };
}

/** The status while rows are read. */
export function statusWhileChecking(before: DatasetStatus, now: Instant): DatasetStatus {
  const message = "the rows are being read and checked";
  return {
    ...before,
    phase: "checking",
    conditions: ready(before, now, { status: "unknown", reason: "Checking", message }),
  };
}

/** The status of a dataset whose rows could not be read or checked. */
export function statusOfFault(before: DatasetStatus, fault: Fault, now: Instant): DatasetStatus {
  const reason = faultReason(fault.code);
  return {
    ...before,
    phase: "failed",
    conditions: ready(before, now, { status: "false", reason, message: fault.message }),
  };
}

function ready(
  before: DatasetStatus,
  now: Instant,
  next: Pick<Condition, "status" | "reason" | "message">,
): readonly Condition[] {
  return withCondition(before.conditions, { type: "Ready", ...next, since: now });
}
