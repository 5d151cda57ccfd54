import * as z from "zod";
import { isFault } from "../../base/fault.ts";
import type { Instant } from "../../base/clock.ts";
import type { Workload } from "../../compute/ports.ts";
import type { ResourceStore } from "../../platform/resource-store.ts";
import type { Tracking } from "../../tracking/ports.ts";
import { trainingJobKind } from "../../training/model.ts";
import { hardwareName } from "../calibration/hardware-name.ts";
import type { Prediction, Settlement } from "../calibration/model.ts";
import { settleStep, type SteadyMetric, stepMetrics } from "../calibration/settle-step.ts";
import { trainingGroup } from "../calibration/site-groups.ts";
import { holdsSimulated, stepQuestion } from "../calibration/step-question.ts";
import type { Planner, SaidOfStep, StepTimes } from "../ports.ts";

const stepAnswerSchema = z.object({
  accelerator: z.string(),
  stack: z.string(),
  gpus: z.number(),
  globalSequences: z.number(),
  sequenceTokens: z.number(),
  step: z.object({ low: z.number(), seconds: z.number(), high: z.number() }),
});

export interface TrackedStepsNeeds {
  readonly tracking: Tracking;
  readonly resources: ResourceStore;
  readonly planner: Planner;
}

/** Step times of training runs by their parameters and metrics in the tracking room. */
export class TrackedSteps implements StepTimes {
  readonly #needs: TrackedStepsNeeds;

  constructor(needs: TrackedStepsNeeds) {
    this.#needs = needs;
  }

  async predict(workload: Workload, now: Instant, signal: AbortSignal): Promise<SaidOfStep> {
    const { tracking, planner } = this.#needs;
    const runId = await this.#runOf(workload);
    if (runId === undefined) return { kind: "never" };
    const run = await tracking.run(runId);
    const question = run === undefined ? undefined : stepQuestion(run.params, workload);
    if (question === undefined) return { kind: "not-yet" };
    const thisMonth = new Date(now).toISOString().slice(0, "2026-12".length);
    try {
      const { answer } = await planner.answer({ kind: "size-training", question, thisMonth }, signal);
      return { kind: "predicted", prediction: toPrediction(workload, now, stepAnswerSchema.parse(answer)) };
    } catch (error) {
      if (isFault(error, "planning.busy") || isFault(error, "planning.timeout")) return { kind: "not-yet" };
      // What the planner cannot plan is not predicted: the run says something that it does not know.
      if (isFault(error)) return { kind: "never" };
      throw error;
    }
  }

  async measure(workload: Workload, prediction: Prediction): Promise<Settlement> {
    const runId = await this.#runOf(workload);
    if (runId === undefined) return { kind: "excluded", why: "its run is gone" };
    const metrics: Partial<Record<(typeof stepMetrics)[number], SteadyMetric>> = {};
    for (const name of stepMetrics) {
      const steady = await this.#needs.tracking.steadyMedian(runId, name);
      if (steady !== undefined) metrics[name] = steady;
    }
    const load = prediction.load ?? {};
    if (metrics.step_time_seconds === undefined && load["stepTokens"] === undefined) {
      return { kind: "excluded", why: "its batch is not known, and it logged no step_time_seconds" };
    }
    return settleStep(metrics, load);
  }

  /** The run of the job that the workload belongs to, of this generation. */
  async #runOf({ id, owner, project }: Workload): Promise<string | undefined> {
    if (owner.kind !== trainingJobKind.kind) return undefined;
    const job = await this.#needs.resources.get(trainingJobKind, project, owner.name);
    return job?.status.workloadId === id ? (job.status.runId ?? undefined) : undefined;
  }
}

function toPrediction(workload: Workload, at: Instant, answer: z.infer<typeof stepAnswerSchema>): Prediction {
  const { accelerator, stack, gpus, globalSequences, sequenceTokens, step } = answer;
  return {
    kind: "step-time",
    subject: workload.id,
    group: trainingGroup(hardwareName(accelerator, holdsSimulated(workload)), stack),
    project: workload.project,
    at,
    low: step.low,
    likely: step.seconds,
    high: step.high,
    load: { stepTokens: globalSequences * sequenceTokens, gpus },
  };
}
