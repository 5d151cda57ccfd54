import { Fault } from "../../base/fault.ts";
import { buildCluster, equalQuotas, type SimulatedCluster } from "./cluster/build-cluster.ts";
import type { SimulationTask } from "./model.ts";
import { policies } from "./policies.ts";
import type { QuotaNode } from "../quota/model.ts";
import type { NewScheduler, TraceJob } from "./ports.ts";
import { makeReport } from "./report/make-report.ts";
import type { SimulationReport } from "./report/model.ts";
import { simulate } from "./simulate.ts";
import type { SimulationInput } from "./simulation-input.ts";
import { readTrace } from "./trace/read-trace.ts";

/** Queues without a quota beyond this are counted, not named. */
const queuesShown = 10;

/**
 * Reads a trace, runs it under the task's policy, and reports.
 *
 * @param text the trace.
 * @throws {Fault} `scheduling.trace-invalid` or `scheduling.cluster-invalid`.
 */
export function simulateTrace(
  task: Pick<SimulationTask, "cluster" | "format" | "policy" | "untilMs">,
  text: string,
  newScheduler: NewScheduler,
  onProgress?: SimulationInput["onProgress"],
): SimulationReport {
  const cluster = buildCluster(task.cluster);
  const trace = readTrace(
    task.format,
    text,
    cluster.pools.map(({ id }) => id),
  );
  const run = simulate({
    ...cluster,
    quotas: quotasFor(cluster, trace.jobs),
    settings: policies[task.policy],
    jobs: trace.jobs,
    until: task.untilMs,
    newScheduler,
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  return makeReport({ policy: task.policy, notes: trace.notes, nodes: cluster.nodes }, run);
}

/** The cluster's quotas, which must know every queue of the trace; without any, equal ones. */
function quotasFor(cluster: SimulatedCluster, jobs: readonly TraceJob[]): readonly QuotaNode[] {
  const queues = [...new Set(jobs.map(({ item }) => item.queue))].toSorted();
  if (cluster.quotas.length === 0) return equalQuotas(cluster.nodes, queues);
  const parents = new Set(cluster.quotas.map(({ parent }) => parent));
  const leaves = cluster.quotas.map(({ id }) => id).filter((id) => !parents.has(id));
  const known = new Set(leaves);
  const unknown = queues.filter((queue) => !known.has(queue));
  if (unknown.length === 0) return cluster.quotas;
  const shown = unknown.slice(0, queuesShown).join(", ");
  const rest = unknown.length > queuesShown ? ` and ${unknown.length - queuesShown} more` : "";
  const message = `the trace submits to ${shown}${rest}; quotas without children, which are queues, are ${leaves.join(", ")}`;
  throw new Fault("scheduling.cluster-invalid", message, { details: { unknown } });
}
