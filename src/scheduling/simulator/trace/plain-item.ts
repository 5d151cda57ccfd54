import type { Instant } from "../../../base/clock.ts";
import type { WorkItem } from "../../engine/model.ts";

/** What every foreign trace says of a workload. */
type Said = Pick<WorkItem, "id" | "name" | "queue" | "pools" | "shape"> & {
  readonly submittedAt: Instant;
  readonly members?: number;
};

/** A workload of a foreign trace: what the trace does not say is the plainest choice. */
export function plainItem({ members = 1, ...said }: Said): WorkItem {
  return {
    ...said,
    role: "training",
    priority: 50,
    members: { min: members, max: members },
    topology: null,
    limitMs: null,
    forecast: null,
    isPreemptible: true,
    minRuntimeMs: 0,
    restartMs: 0,
    timesPreempted: 0,
  };
}
