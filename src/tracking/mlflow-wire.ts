import type { DatasetInput, Experiment, LoggedModel, MetricPoint, Run, Texts } from "./model.ts";

/** JSON in MLflow's own form: snake case, integers as numbers, unset members left out. */
export type Wire = Readonly<Record<string, unknown>>;

/** Writes tags or params as MLflow lists them. */
export function toKeyValues(texts: Texts): readonly Wire[] {
  return Object.entries(texts).map(([key, value]) => ({ key, value }));
}

export function toWireExperiment(experiment: Experiment): Wire {
  return {
    experiment_id: experiment.experimentId,
    name: experiment.name,
    artifact_location: experiment.artifactLocation,
    lifecycle_stage: experiment.lifecycle,
    last_update_time: experiment.updatedAt,
    creation_time: experiment.createdAt,
    ...listed("tags", toKeyValues(experiment.tags)),
  };
}

export function toWireMetric(point: MetricPoint): Wire {
  return { key: point.key, value: toWireFloat(point.value), timestamp: point.timestamp, step: point.step };
}

/** JSON has no NaN: MLflow writes it as text. */
export function toWireFloat(value: number): number | string {
  if (Number.isNaN(value)) return "NaN";
  if (value === Number.POSITIVE_INFINITY) return "Infinity";
  return value === Number.NEGATIVE_INFINITY ? "-Infinity" : value;
}

export function toWireRunInfo(run: Run): Wire {
  return {
    run_id: run.runId,
    run_uuid: run.runId,
    run_name: run.name,
    experiment_id: run.experimentId,
    user_id: run.userId,
    status: run.status,
    start_time: run.startedAt,
    ...(run.endedAt === null ? {} : { end_time: run.endedAt }),
    artifact_uri: run.artifactUri,
    lifecycle_stage: run.lifecycle,
  };
}

export function toWireRun(run: Run): Wire {
  return {
    info: toWireRunInfo(run),
    data: {
      ...listed("metrics", run.metrics.map(toWireMetric)),
      ...listed("params", toKeyValues(run.params)),
      ...listed("tags", toKeyValues(run.tags)),
    },
    inputs: {
      ...listed("dataset_inputs", run.datasetInputs.map(toWireDatasetInput)),
      ...listed(
        "model_inputs",
        run.modelInputs.map((modelId) => ({ model_id: modelId })),
      ),
    },
    outputs: listed(
      "model_outputs",
      run.modelOutputs.map(({ modelId, step }) => ({ model_id: modelId, step })),
    ),
  };
}

function toWireDatasetInput(input: DatasetInput): Wire {
  return {
    ...listed("tags", toKeyValues(input.tags)),
    dataset: {
      name: input.name,
      digest: input.digest,
      source_type: input.sourceType,
      source: input.source,
      ...(input.schema === null ? {} : { schema: input.schema }),
      ...(input.profile === null ? {} : { profile: input.profile }),
    },
  };
}

/** Writes a logged model; `metrics` are those of the run that made it. */
export function toWireLoggedModel(model: LoggedModel, artifactUri: string): Wire {
  return {
    info: {
      model_id: model.modelId,
      experiment_id: model.experimentId,
      name: model.name,
      creation_timestamp_ms: model.createdAt,
      last_updated_timestamp_ms: model.updatedAt,
      artifact_uri: artifactUri,
      status: model.status,
      ...(model.modelType === null ? {} : { model_type: model.modelType }),
      ...(model.sourceRunId === null ? {} : { source_run_id: model.sourceRunId }),
      ...listed("tags", toKeyValues(model.tags)),
    },
    data: listed("params", toKeyValues(model.params)),
  };
}

/** A list member, left out when it is empty. */
export function listed(name: string, items: readonly unknown[]): Wire {
  return items.length === 0 ? {} : { [name]: items };
}
