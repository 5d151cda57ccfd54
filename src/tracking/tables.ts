import type { DatasetInput, Lifecycle, LoggedModelStatus, RunStatus, Texts } from "./model.ts";

export interface ExperimentTable {
  project: string;
  experiment_id: string;
  name: string;
  artifact_location: string;
  lifecycle: Lifecycle;
  tags: Texts;
  created_at: number;
  updated_at: number;
}

export interface RunTable {
  run_id: string;
  project: string;
  experiment_id: string;
  name: string;
  user_id: string;
  status: RunStatus;
  lifecycle: Lifecycle;
  artifact_uri: string;
  params: Texts;
  tags: Texts;
  dataset_inputs: readonly DatasetInput[];
  model_inputs: readonly string[];
  model_outputs: readonly { readonly modelId: string; readonly step: number }[];
  started_at: number;
  ended_at: number | null;
}

export interface MetricTable {
  run_id: string;
  key: string;
  step: number;
  measured_at: number;
  value: number;
}

export interface LoggedModelTable {
  model_id: string;
  project: string;
  experiment_id: string;
  name: string;
  model_type: string | null;
  source_run_id: string | null;
  status: LoggedModelStatus;
  params: Texts;
  tags: Texts;
  is_deleted: boolean;
  created_at: number;
  updated_at: number;
}

/** The room's own tables. */
export interface TrackingTables {
  tracking_experiment: ExperimentTable;
  tracking_run: RunTable;
  tracking_metric: MetricTable;
  tracking_latest_metric: MetricTable;
  tracking_logged_model: LoggedModelTable;
}
