import type { EventEntry } from "../platform/event.ts";
import type { Experiment, Run, RunStatus } from "./model.ts";

/** Says in the log what happened to an experiment. */
export function experimentEvent(
  experiment: Experiment,
  actor: string,
  verb: "created" | "updated" | "deleted" | "restored",
  now: number,
): EventEntry {
  return {
    at: now,
    actor,
    verb,
    subject: { kind: "Experiment", project: experiment.project, name: experiment.name },
    message: `experiment ${experiment.name} was ${verb}`,
    data: { experimentId: experiment.experimentId },
  };
}

/** Says in the log what happened to a run. Values of metrics and params stay in their own tables. */
export function runEvent(
  run: Pick<Run, "runId" | "project" | "name" | "experimentId">,
  actor: string,
  verb: "created" | "updated" | "deleted" | "restored",
  change: { readonly status: RunStatus; readonly now: number },
): EventEntry {
  return {
    at: change.now,
    actor,
    verb,
    subject: { kind: "Run", project: run.project, name: run.runId },
    message: verb === "updated" ? `run ${run.name} is ${change.status}` : `run ${run.name} was ${verb}`,
    data: { experimentId: run.experimentId, name: run.name, status: change.status },
  };
}
