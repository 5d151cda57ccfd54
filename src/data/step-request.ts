import type { Millis } from "../base/clock.ts";
import { type Bytes, parseDuration, parseSize } from "../base/units.ts";
import type { ResourceRequest, WorkloadRequest } from "../compute/ports.ts";
import type { Resource } from "../platform/resource.ts";
import { pipelineKind, type PipelineSpec } from "./model.ts";
import { stepTaskFile } from "./step-task.ts";

/** What a step gets that its pipeline leaves out. */
const cpusDefault = 1;
const memoryDefault: Bytes = 2e9;
const durationDefault: Millis = 3_600_000;
/** The priority of a training job: without being told to, a step stops nobody's work. */
const stepPriority = 50;
/** How often a step starts again after it was lost with its node or killed from outside. */
const restartsMax = 3;
/** A step that is stopped has nothing to save. */
const graceMs: Millis = 1_000;
/** Of a step's memory, what the SQL engine is not told of: the program itself, and what the engine takes beyond its limit. */
const memoryBesides: Bytes = 400e6;

/** What a step asks of a machine. */
export function stepResources({ resources }: PipelineSpec): ResourceRequest {
  const memory = resources?.memory === undefined ? memoryDefault : parseSize(resources.memory);
  return { cpus: resources?.cpus ?? cpusDefault, memory, gpus: 0, gpuModel: null };
}

/** What the SQL engine may use of what the step has; a small step gives it half of its memory. */
export function engineLimits({ cpus, memory }: ResourceRequest): { readonly threads: number; readonly memory: Bytes } {
  return { threads: Math.max(1, Math.floor(cpus)), memory: Math.max(memory / 2, memory - memoryBesides) };
}

/** Where a step's workload runs and what it runs. */
export interface StepPlace {
  readonly id: string;
  readonly pool: string;
  readonly argv: readonly string[];
  /** Absolute path of the task file. */
  readonly taskFile: string;
}

/** The workload of one step of a pipeline. */
export function stepRequest(
  pipeline: Pick<Resource<PipelineSpec>, "project" | "name" | "spec">,
  place: StepPlace,
): WorkloadRequest {
  const { spec, name } = pipeline;
  const project = pipeline.project ?? "";
  const { maxDuration } = spec.resources ?? {};
  return {
    id: place.id,
    project,
    owner: { kind: pipelineKind.kind, project, name },
    purpose: "pipeline",
    pool: place.pool,
    priority: spec.priority ?? stepPriority,
    ...(spec.preemptible === undefined ? {} : { isPreemptible: spec.preemptible }),
    resources: stepResources(spec),
    command: {
      argv: place.argv,
      files: { [stepTaskFile]: place.taskFile },
      env: {},
      secretEnv: {},
      requirements: null,
      maxDurationMs: maxDuration === undefined ? durationDefault : parseDuration(maxDuration),
      graceMs,
    },
    maxRestarts: restartsMax,
  };
}
