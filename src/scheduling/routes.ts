import * as z from "zod";
import { Fault } from "../base/fault.ts";
import { poolKind, workloadIdSchema } from "../compute/model.ts";
import type { PendingReason, Workload, WorkloadQueue, Workloads } from "../compute/ports.ts";
import type { Gatekeeper } from "../platform/ports.ts";
import type { ResourceStore } from "../platform/resource-store.ts";
import { defineRoute, type Route } from "../platform/route.ts";
import { explainWorkload } from "./explain-workload.ts";
import { hideBlockers } from "./hide-blockers.ts";
import { queueOrder } from "./place-workloads.ts";
import { usePool } from "./pool-use.ts";

/** The most workloads that one answer shows. */
const queueMax = 5000;

export interface SchedulingRoutesNeeds {
  readonly queue: WorkloadQueue;
  readonly workloads: Workloads;
  readonly resources: ResourceStore;
  readonly gatekeeper: Gatekeeper;
}

/** The queue, and why something waits. */
export function schedulingRoutes({ queue, workloads, resources, gatekeeper }: SchedulingRoutesNeeds): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/queue",
      summary: "Lists what waits, in queue order with reasons, then what holds a place; and how full the pools are.",
      permission: { scope: "any" },
      query: z.object({ project: z.string().optional(), pool: z.string().optional() }),
      handler: async ({ query, caller }) => {
        const readable = await gatekeeper.readableProjects(caller);
        const all = await queue.active(null, queueMax);
        const pools = await resources.list(poolKind);
        const isShown = ({ project, pool }: Workload): boolean =>
          (readable === null || readable.includes(project)) &&
          (query.project ?? project) === project &&
          (query.pool ?? pool) === pool;
        const positions = positionsOf(all);
        const withPosition = (workload: Workload) => ({
          ...workload,
          position: positions.get(workload.id) ?? null,
          reason: reasonFor(workload, all, readable),
        });
        const waiting = queueOrder(all.filter((each) => positions.has(each.id) && isShown(each)));
        const holding = all.filter((each) => !positions.has(each.id) && isShown(each));
        return { items: [...waiting, ...holding].map(withPosition), pools: pools.map((pool) => usePool(pool, all)) };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/projects/:project/workloads/:id/why",
      summary: "Says why a workload waits, who is in its way and what would help; or how it ended.",
      permission: { scope: "project", action: "read" },
      params: z.object({ project: z.string(), id: workloadIdSchema }),
      handler: async ({ params, caller }) => {
        const workload = await workloads.get(params.id);
        if (workload === undefined || workload.project !== params.project) {
          throw new Fault(
            "compute.workload-missing",
            `there is no workload ${params.id}; list them with: millwright get workloads`,
          );
        }
        const all = await queue.active(null, queueMax);
        const reason = reasonFor(workload, all, await gatekeeper.readableProjects(caller));
        return explainWorkload({ ...workload, reason }, positionsOf(all).get(workload.id) ?? null);
      },
    }),
  ];
}

/** The place in its pool's queue of each workload that waits, from 1. */
function positionsOf(active: readonly Workload[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  const lengths = new Map<string, number>();
  for (const workload of queueOrder(active.filter((each) => each.state === "queued" || each.state === "preempted"))) {
    const place = (lengths.get(workload.pool) ?? 0) + 1;
    lengths.set(workload.pool, place);
    places.set(workload.id, place);
  }
  return places;
}

/** The reason as the caller may read it: `readable` null reads everything. */
function reasonFor(
  workload: Workload,
  active: readonly Workload[],
  readable: readonly string[] | null,
): PendingReason | null {
  if (workload.reason === null || readable === null) return workload.reason;
  const visible = new Set(active.filter((each) => readable.includes(each.project)).map((each) => each.id));
  return hideBlockers(workload.reason, (id) => visible.has(id));
}
