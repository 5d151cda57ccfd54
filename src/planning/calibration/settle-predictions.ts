import type { Workload } from "../../compute/ports.ts";
import type { Prediction, PredictionKind, Settlement } from "./model.ts";

const millisPerSecond = 1000;

/**
 * What the platform has measured by now of predictions of a workload; kinds of which nothing is known yet are absent, and so
 * are those that are measured elsewhere. */
export function settlePredictions(
  workload: Workload,
  open: readonly Prediction[],
): ReadonlyMap<PredictionKind, Settlement> {
  const settled = new Map<PredictionKind, Settlement>();
  for (const { kind, at } of open) {
    const settlement =
      kind === "queue-wait"
        ? settleWait(workload, at)
        : kind === "training-duration"
          ? settleDuration(workload)
          : undefined;
    if (settlement !== undefined) settled.set(kind, settlement);
  }
  return settled;
}

/** From the prediction to the moment when it was given its place. */
function settleWait(workload: Workload, predictedAt: number): Settlement | undefined {
  if (workload.attempt > 1 || workload.timesPreempted > 0) return excluded("stopped before its start was seen");
  const began = workload.admittedAt ?? workload.startedAt;
  if (began !== null) return { kind: "measured", value: Math.max(0, began - predictedAt) / millisPerSecond };
  return workload.endedAt === null ? undefined : excluded("ended before it started");
}

/** From its start to its end, of a run that came to its end in one piece. */
function settleDuration(workload: Workload): Settlement | undefined {
  const { state, startedAt, endedAt } = workload;
  if (endedAt === null) return undefined;
  if (state !== "succeeded") return excluded(state === "cancelled" ? "cancelled" : "failed");
  if (workload.attempt > 1 || workload.timesPreempted > 0) return excluded("stopped and started again");
  if (startedAt === null) return excluded("its start was not seen");
  return { kind: "measured", value: (endedAt - startedAt) / millisPerSecond };
}

const excluded = (why: string): Settlement => ({ kind: "excluded", why });
