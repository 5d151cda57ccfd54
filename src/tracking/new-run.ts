import type { Experiment, Run, RunStatus, Texts } from "./model.ts";
import { invalidRequest } from "./request-field.ts";

/** The tag that carries a run's name. */
export const runNameTag = "mlflow.runName";

/** Whether a run with this status has ended. */
export function isFinal(status: RunStatus): boolean {
  return status === "FINISHED" || status === "FAILED" || status === "KILLED";
}

/**
 * Makes a run that starts now. Its name comes from the request, else from the tag, else from its id.
 *
 * @throws {Fault} `tracking.request-invalid` when the request and the tag name it differently.
 */
export function newRun(asked: {
  readonly runId: string;
  readonly experiment: Experiment;
  readonly name: string | undefined;
  readonly userId: string;
  readonly startedAt: number;
  readonly tags: Texts;
}): Run {
  const named = asked.name === "" ? undefined : asked.name;
  const tagged = asked.tags[runNameTag];
  if (named !== undefined && tagged !== undefined && named !== tagged) {
    throw invalidRequest(
      `Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='${named}', mlflow.runName='${tagged}').`,
    );
  }
  const name = named ?? tagged ?? `run-${asked.runId.slice(0, 8)}`;
  return {
    runId: asked.runId,
    project: asked.experiment.project,
    experimentId: asked.experiment.experimentId,
    name,
    userId: asked.userId,
    status: "RUNNING",
    lifecycle: "active",
    artifactUri: `${asked.experiment.artifactLocation}/${asked.runId}/artifacts`,
    startedAt: asked.startedAt,
    endedAt: null,
    params: {},
    tags: { ...asked.tags, [runNameTag]: name },
    metrics: [],
    datasetInputs: [],
    modelInputs: [],
    modelOutputs: [],
  };
}
