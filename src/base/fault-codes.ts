/**
 * What kind of failure a fault is. One place maps a kind to an HTTP status (`platform/http-status.ts`),
 * another to an exit code (`cli/exit-code.ts`).
 */
export type FaultKind =
  | "invalid"
  | "unauthenticated"
  | "forbidden"
  | "missing"
  | "conflict"
  | "refused"
  | "too-large"
  | "too-many"
  | "failed"
  | "unavailable"
  | "timeout";

/** Every fault code of the platform with its kind; `docs/faults.md` lists exactly these. */
export const faultKinds = {
  "cli.answer-invalid": "failed",
  "cli.argument-invalid": "invalid",
  "cli.confirmation-needed": "invalid",
  "cli.file-unreadable": "missing",
  "cli.server-missing": "unavailable",
  "cli.server-unreachable": "unavailable",
  "cli.start-failed": "failed",
  "cli.stop-timeout": "timeout",
  "cli.wait-hopeless": "failed",
  "cli.wait-timeout": "timeout",
  "compute.environment-failed": "failed",
  "compute.python-missing": "unavailable",
  "compute.request-impossible": "refused",
  "compute.task-unstartable": "invalid",
  "compute.workload-missing": "missing",
  "data.dataset-missing": "missing",
  "data.file-changed": "conflict",
  "data.file-unreadable": "invalid",
  "data.query-failed": "invalid",
  "data.query-timeout": "timeout",
  "evaluation.data-invalid": "invalid",
  "evaluation.model-unfit": "refused",
  "evaluation.report-invalid": "failed",
  "evaluation.report-missing": "missing",
  "features.row-invalid": "invalid",
  "features.store-failed": "failed",
  "features.training-set-invalid": "invalid",
  "features.view-invalid": "invalid",
  "features.view-missing": "missing",
  "monitoring.alert-missing": "missing",
  "monitoring.monitor-missing": "missing",
  "monitoring.reference-missing": "missing",
  "planning.plan-contradictory": "invalid",
  "planning.plan-infeasible": "refused",
  "planning.plan-invalid": "invalid",
  "platform.body-too-large": "too-large",
  "platform.config-invalid": "invalid",
  "platform.data-directory-unreachable": "unavailable",
  "platform.database-unavailable": "unavailable",
  "platform.disk-full": "unavailable",
  "platform.lease-lost": "conflict",
  "platform.not-found": "missing",
  "platform.request-invalid": "invalid",
  "platform.resource-conflict": "conflict",
  "platform.resource-invalid": "invalid",
  "platform.resource-missing": "missing",
  "platform.schema-newer": "invalid",
  "platform.server-running": "conflict",
  "platform.watch-too-old": "missing",
  "platform.yaml-invalid": "invalid",
  "registry.already-decided": "conflict",
  "registry.file-invalid": "invalid",
  "registry.in-use": "conflict",
  "registry.not-approved": "refused",
  "registry.not-passed": "refused",
  "registry.reason-missing": "invalid",
  "registry.version-conflict": "conflict",
  "registry.version-missing": "missing",
  "serving.control-unavailable": "unavailable",
  "serving.inference-failed": "failed",
  "serving.model-incompatible": "refused",
  "serving.model-missing": "missing",
  "serving.model-not-ready": "unavailable",
  "serving.overloaded": "too-many",
  "serving.replica-unreachable": "unavailable",
  "serving.request-invalid": "invalid",
  "serving.timeout": "timeout",
  "tenancy.forbidden": "forbidden",
  "tenancy.key-expired": "unauthenticated",
  "tenancy.key-invalid": "unauthenticated",
  "tenancy.key-missing": "unauthenticated",
  "tenancy.self-approval": "forbidden",
  "tracking.already-exists": "invalid",
  "tracking.not-found": "missing",
  "tracking.request-invalid": "invalid",
  "training.candidate-invalid": "failed",
  "training.code-unreadable": "invalid",
} as const satisfies Record<string, FaultKind>;

/** A code of the table, `room.what-happened`. */
export type FaultCode = keyof typeof faultKinds;
