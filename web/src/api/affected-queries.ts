import type { LoggedEvent } from "../../../src/platform/event.ts";

/** The first parts of query keys that an event makes stale, by the subject's kind. */
const keysByKind: Readonly<Record<string, readonly string[]>> = {
  Team: ["teams", "quota-use"],
  Project: ["projects", "quota-use"],
  Quota: ["quotas", "quota-use", "queue", "schedule", "explanation"],
  Reservation: ["schedule", "queue", "explanation"],
  Pool: ["pools", "queue", "schedule", "quota-use", "explanation"],
  Workload: ["queue", "workloads", "pools", "schedule", "quota-use", "explanation"],
  Dataset: ["datasets", "dataset"],
  DatasetVersion: ["datasets", "dataset"],
  Pipeline: ["pipelines"],
  FeatureView: ["feature-views"],
  TrainingJob: ["training-jobs", "runs", "run", "queue"],
  Run: ["runs", "run"],
  Evaluation: ["evaluations", "models", "model-versions"],
  Model: ["models", "model-versions"],
  ModelVersion: ["model-versions", "models", "deployments"],
  Deployment: ["deployments", "deployment"],
  Rollout: ["deployments", "deployment"],
  DriftMonitor: ["drift-monitors", "reports", "alerts"],
  DriftReport: ["drift-monitors", "reports"],
  Alert: ["alerts", "drift-monitors"],
};

/** Query keys (by their first part) to ask for again after `event`; every event concerns the log and the overview. */
export function affectedQueries(event: { readonly subject: Pick<LoggedEvent["subject"], "kind"> }): readonly string[] {
  return ["events", "status", ...(keysByKind[event.subject.kind] ?? [])];
}
