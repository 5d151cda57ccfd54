import type { WorkloadRow } from "../../api/compute.ts";
import { matchesFilter, type UrlState } from "../../words/url-state.ts";

const overStates: readonly string[] = ["succeeded", "failed", "cancelled"];
const waitingStates: readonly string[] = ["queued", "admitted", "preempted"];

/** Whether a workload still runs or waits. */
export function isActive(workload: WorkloadRow): boolean {
  return !overStates.includes(workload.state);
}

/** Whether a workload waits for its place. */
export function isWaiting(workload: WorkloadRow): boolean {
  return waitingStates.includes(workload.state);
}

/** Whether it waits for a place in the queue. */
export function isInQueue({ state }: WorkloadRow): boolean {
  return state === "queued" || state === "preempted";
}

/** Whether it has a place on a node now. */
export function isHolding({ state }: WorkloadRow): boolean {
  return state === "admitted" || state === "starting" || state === "running";
}

/** The workloads that the page's address asks for. */
export function filterWorkloads(workloads: readonly WorkloadRow[], state: UrlState): readonly WorkloadRow[] {
  return workloads.filter((workload) => {
    const states = state["show"] ?? "";
    if (states === "running" && (isWaiting(workload) || !isActive(workload))) return false;
    if (states === "waiting" && !isWaiting(workload)) return false;
    if (states === "ended" && isActive(workload)) return false;
    if (state["purpose"] !== undefined && workload.purpose !== state["purpose"]) return false;
    return matchesFilter(state["filter"] ?? "", [
      workload.owner.name,
      workload.id,
      workload.pool,
      workload.phase,
      workload.reason?.sentence ?? null,
    ]);
  });
}
