import { createHash } from "node:crypto";
import { join } from "node:path";
import { canonicalJson } from "../../base/canonical-json.ts";
import { Fault } from "../../base/fault.ts";
import { parseDuration, parseSize } from "../../base/units.ts";
import type { WorkloadRequest } from "../../compute/ports.ts";
import type { TrainingSet, TrainingSets } from "../../features/ports.ts";
import type { ObjectStore } from "../../platform/ports.ts";
import type { Resource } from "../../platform/resource.ts";
import { describeVersion } from "../../registry/approve.ts";
import type { ModelVersion } from "../../registry/ports.ts";
import { followingWindow, type Window } from "../evaluation-window.ts";
import { evaluationKind, type EvaluationSpec, type EvaluationTask } from "../model.ts";
import { evaluationProgram, writeTaskFile } from "./task-files.ts";

/** Evaluations stand behind serving and before idle-time work. */
const evaluationPriority = 60;
/** How often an evaluation starts again after it was lost with its node. */
const restartsMax = 2;
const stopGraceMs = 5_000;

/** A suite that is to judge a version. */
export interface EvaluationCase {
  readonly project: string;
  readonly suite: Pick<Resource<EvaluationSpec>, "name" | "spec">;
  readonly candidate: ModelVersion;
  readonly champion: ModelVersion | undefined;
}

/** The id that suite, spec and version decide: the same evaluation always has the same workload. */
export function workloadIdOf({ project, suite, candidate }: EvaluationCase): string {
  const hash = createHash("sha256").update(canonicalJson([project, suite.name, suite.spec, candidate.id]));
  return `evaluation-${hash.digest("hex").slice(0, 24)}`;
}

/** Whether a suite can judge a version: it names the rows that it takes and those that it learnt from. */
export function takesRows({ inputs, lineage }: ModelVersion): boolean {
  return inputs.length > 0 && lineage.trainingSet !== null;
}

function trainedOn(version: ModelVersion): Window {
  const { trainingSet } = version.lineage;
  if (trainingSet !== null) return trainingSet;
  throw new Fault("evaluation.model-unfit", `${describeVersion(version)} does not say what it was trained on`);
}

/** The window that the case is judged on. */
export function windowOf({ suite, candidate }: EvaluationCase): Window {
  const { gap, length } = suite.spec.data.window;
  return followingWindow(trainedOn(candidate), gap === undefined ? 0 : parseDuration(gap), parseDuration(length));
}

/**
 * Builds the evaluation's rows, with the very features that training had, and what the baseline learns from.
 *
 * @throws {Fault} what building the sets throws: missing datasets or views, columns that are not there.
 */
export async function buildSets(
  sets: TrainingSets,
  given: EvaluationCase,
  signal: AbortSignal,
): Promise<{ readonly evaluation: TrainingSet; readonly training: TrainingSet }> {
  const { data, baseline } = given.suite.spec;
  const common = { project: given.project, dataset: data.dataset, timestamp: data.timestamp };
  const features = { ...common, featureViews: data.featureViews, maxRows: data.maxRows };
  const columns = [...new Set([...data.columns, ...baseline.groupBy, data.timestamp, data.label])];
  const evaluation = await sets.build({ ...features, ...windowOf(given), columns }, signal);
  const { from, to } = trainedOn(given.candidate);
  const grouped = [...new Set([...baseline.groupBy, data.label])];
  const training = await sets.build({ ...common, from, to, columns: grouped, featureViews: [], maxRows: null }, signal);
  if (training.rows > 0) return { evaluation, training };
  throw new Fault(
    "evaluation.data-invalid",
    `the baseline learns from the training window of ${describeVersion(given.candidate)}, in which ${data.dataset} has no rows; check its training window`,
    { details: { from, to } },
  );
}

/** Lays out the workload of an evaluation: its task file, its command. */
export async function requestEvaluation(
  given: EvaluationCase,
  sets: { readonly evaluation: TrainingSet; readonly training: TrainingSet },
  place: { readonly objects: ObjectStore; readonly folder: string },
): Promise<WorkloadRequest> {
  const { suite, candidate, champion, project } = given;
  const { spec } = suite;
  const id = workloadIdOf(given);
  const toTaskModel = async (role: "candidate" | "champion", version: ModelVersion) => ({
    role,
    versionId: version.id,
    name: describeVersion(version),
    path: await place.objects.localPath(version.objectKey),
    inputs: [...version.inputs],
  });
  const task: EvaluationTask = {
    evaluationSet: sets.evaluation.path,
    trainingRows: sets.training.path,
    label: spec.data.label,
    timestamp: spec.data.timestamp,
    groupBy: spec.baseline.groupBy,
    strength: spec.baseline.strength,
    models: [
      await toTaskModel("candidate", candidate),
      ...(champion === undefined ? [] : [await toTaskModel("champion", champion)]),
    ],
    resamples: spec.bootstrap.resamples,
    confidence: spec.bootstrap.confidence,
    blockMs: spec.bootstrap.block === undefined ? null : parseDuration(spec.bootstrap.block),
    seed: spec.bootstrap.seed,
    threads: Math.max(1, Math.floor(spec.resources.cpus)),
  };
  return {
    id,
    project,
    owner: { kind: evaluationKind.kind, project, name: suite.name },
    purpose: "evaluation",
    pool: spec.pool,
    priority: spec.priority ?? evaluationPriority,
    ...(spec.preemptible === undefined ? {} : { isPreemptible: spec.preemptible }),
    resources: {
      cpus: spec.resources.cpus,
      memory: parseSize(spec.resources.memory),
      gpus: 0,
      gpuModel: null,
    },
    command: {
      argv: evaluationProgram(),
      files: { "task.json": await writeTaskFile(join(place.folder, "tasks"), id, task) },
      env: {},
      secretEnv: {},
      requirements: null,
      maxDurationMs: parseDuration(spec.resources.maxDuration),
      graceMs: stopGraceMs,
    },
    maxRestarts: restartsMax,
  };
}
