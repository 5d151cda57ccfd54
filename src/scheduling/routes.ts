import * as z from "zod";
import { Fault } from "../base/fault.ts";
import { poolKind, workloadIdSchema } from "../compute/model.ts";
import type { PendingReason, Workload, WorkloadQueue, Workloads } from "../compute/ports.ts";
import type { Gatekeeper } from "../platform/ports.ts";
import type { ResourceStore } from "../platform/resource-store.ts";
import { defineRoute, type Route } from "../platform/route.ts";
import { explainWorkload } from "./explain-workload.ts";
import { hideBlockers } from "./hide-blockers.ts";
import { liveSettings } from "./live/engine-settings.ts";
import { isInQueue, type PlannedStartView, planViews, positionsOf, queueOrder } from "./live/queue-order.ts";
import { usePool } from "./pool-use.ts";
import type { SchedulingStore } from "./scheduling-store.ts";

/** The most workloads that one answer shows. */
const queueMax = 5000;

export interface QueueRoutesNeeds {
  readonly queue: WorkloadQueue;
  readonly workloads: Workloads;
  readonly store: SchedulingStore;
  readonly resources: ResourceStore;
  readonly gatekeeper: Gatekeeper;
}

/** What waits and what runs, with all that is known of those that wait. */
interface QueueLook {
  readonly all: readonly Workload[];
  readonly waiting: readonly Workload[];
  readonly positions: ReadonlyMap<string, number>;
  readonly plans: ReadonlyMap<string, PlannedStartView>;
}

/** The queue, and why something waits. */
export function queueRoutes(needs: QueueRoutesNeeds): readonly Route[] {
  return [queueRoute(needs), whyRoute(needs)];
}

async function look({ queue, store }: QueueRoutesNeeds): Promise<QueueLook> {
  const all = await queue.list(null, queueMax);
  const plans = planViews(await store.plans());
  const waiting = queueOrder(all.filter(isInQueue), plans, liveSettings);
  return { all, waiting, positions: positionsOf(waiting), plans };
}

function queueRoute(needs: QueueRoutesNeeds): Route {
  const { resources, gatekeeper } = needs;
  return defineRoute({
    method: "GET",
    path: "/api/v1/queue",
    summary:
      "Lists what waits in the order in which it is likely to start, with reasons and planned starts, then what holds a place; and how full the pools are.",
    permission: { scope: "any" },
    query: z.object({ project: z.string().optional(), pool: z.string().optional() }),
    handler: async ({ query, caller }) => {
      const readable = await gatekeeper.readableProjects(caller);
      const { all, waiting, positions, plans } = await look(needs);
      const pools = await resources.list(poolKind);
      const isShown = ({ project, pool }: Workload): boolean =>
        (readable === null || readable.includes(project)) &&
        (query.project ?? project) === project &&
        (query.pool ?? pool) === pool;
      const describe = (workload: Workload) => ({
        ...workload,
        position: positions.get(workload.id) ?? null,
        plannedStart: plans.get(workload.id) ?? null,
        reason: reasonFor(workload, all, readable),
      });
      const holding = all.filter((each) => !isInQueue(each));
      return {
        items: [...waiting, ...holding].filter(isShown).map(describe),
        pools: pools.map((pool) => usePool(pool, all)),
      };
    },
  });
}

function whyRoute(needs: QueueRoutesNeeds): Route {
  const { workloads, gatekeeper } = needs;
  return defineRoute({
    method: "GET",
    path: "/api/v1/projects/:project/workloads/:id/why",
    summary: "Says why a workload waits, who is in its way, what would help and when it starts; or how it ended.",
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
      const { all, positions, plans } = await look(needs);
      const reason = reasonFor(workload, all, await gatekeeper.readableProjects(caller));
      const { id } = workload;
      return explainWorkload({ ...workload, reason }, positions.get(id) ?? null, plans.get(id) ?? null);
    },
  });
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
