import { parseDuration, parseSize } from "../base/units.ts";
import type { WorkloadRequest } from "../compute/ports.ts";
import type { Resource } from "../platform/resource.ts";
import type { JobIds } from "./job-ids.ts";
import type { BuiltTrainingSet, TrainingJobSpec, TrainingJobStatus } from "./model.ts";

/** Between SIGTERM and SIGKILL: time to write a last checkpoint. */
const graceMs = 15_000;

/** Until a job that goes on from its checkpoint works again: what an eviction costs beside lost work. */
const restartMs = 60_000;

/** What the job's program is given beside its spec. */
export interface LaunchFacts {
  readonly ids: JobIds;
  readonly trainingSet: BuiltTrainingSet;
  readonly experimentId: string;
  readonly files: Readonly<Record<string, string>>;
  readonly requirements: readonly string[] | null;
  readonly checkpointFolder: string;
  readonly trackingUrl: string;
  readonly key: string;
}

/** The workload of one generation of a job. */
export function workloadRequest(
  job: Resource<TrainingJobSpec, TrainingJobStatus>,
  facts: LaunchFacts,
): WorkloadRequest {
  const { spec } = job;
  const project = job.project ?? "";
  return {
    id: facts.ids.workloadId,
    project,
    owner: { kind: job.kind, project, name: job.name },
    purpose: "training",
    pool: spec.pool,
    priority: spec.priority,
    resources: {
      cpus: spec.resources.cpus,
      memory: parseSize(spec.resources.memory),
      gpus: spec.resources.gpus,
      gpuModel: spec.resources.gpuModel ?? null,
      migProfile: spec.resources.migProfile,
    },
    ...(spec.otherPools === undefined ? {} : { pools: [spec.pool, ...spec.otherPools] }),
    ...(spec.queue === undefined ? {} : { queue: spec.queue }),
    ...(spec.preemptible === undefined ? {} : { isPreemptible: spec.preemptible }),
    ...(spec.minRuntime === undefined ? {} : { minRuntimeMs: parseDuration(spec.minRuntime) }),
    restartMs,
    command: {
      argv: spec.command,
      files: facts.files,
      env: {
        ...spec.env,
        MLFLOW_TRACKING_URI: facts.trackingUrl,
        MLFLOW_RUN_ID: facts.ids.runId,
        MLFLOW_EXPERIMENT_ID: facts.experimentId,
        MILLWRIGHT_PROJECT: project,
        MILLWRIGHT_JOB: job.name,
        MILLWRIGHT_TRAINING_SET: facts.trainingSet.path,
        MILLWRIGHT_LABEL: spec.trainingSet.label,
        MILLWRIGHT_FEATURES: JSON.stringify(facts.trainingSet.features),
        MILLWRIGHT_CHECKPOINT_DIR: facts.checkpointFolder,
      },
      secretEnv: { MLFLOW_TRACKING_TOKEN: facts.key },
      requirements: facts.requirements,
      maxDurationMs: parseDuration(spec.maxDuration),
      graceMs,
      checkpointFolder: facts.checkpointFolder,
    },
    maxRestarts: spec.maxRestarts,
  };
}
