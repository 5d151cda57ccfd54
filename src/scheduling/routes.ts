import * as z from "zod";
import { Fault } from "../base/fault.ts";
import { poolKind, workloadIdSchema } from "../compute/model.ts";
import type { PendingReason, Workload, WorkloadQueue, Workloads } from "../compute/ports.ts";
import type { Gatekeeper } from "../platform/ports.ts";
import type { ResourceStore } from "../platform/resource-store.ts";
import { defineRoute, type Route } from "../platform/route.ts";
import type { EstimateStore } from "./estimate-store.ts";
import { explainWorkload } from "./explain-workload.ts";
import { hideBlockers, hideNames } from "./hide-blockers.ts";
import { toBlockerViews } from "./live/blocker-views.ts";
import type { ClusterViews } from "./live/cluster-views.ts";
import { liveSettings } from "./live/engine-settings.ts";
import type { Outlook } from "./live/outlook.ts";
import { isInQueue, type PlannedStartView, planViews, positionsOf, queueOrder } from "./live/queue-order.ts";
import { isLastingReason } from "./live/waiting-reason.ts";
import { usePool } from "./pool-use.ts";
import type { SchedulingStore } from "./scheduling-store.ts";

/** The most workloads that one answer shows. */
const queueMax = 5000;

export interface QueueRoutesNeeds {
  readonly queue: WorkloadQueue;
  readonly workloads: Workloads;
  readonly store: SchedulingStore;
  readonly estimates: EstimateStore;
  readonly views: ClusterViews;
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
  const { resources, gatekeeper, estimates } = needs;
  return defineRoute({
    method: "GET",
    path: "/api/v1/queue",
    summary:
      "Lists what waits in the order in which it is likely to start, with reasons and planned starts, then what holds a place; how full the pools are; and how estimates of starts have held lately.",
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
      const isVisible = visibleTo(all, readable);
      const describe = (workload: Workload) => ({
        ...workload,
        position: positions.get(workload.id) ?? null,
        plannedStart: plans.get(workload.id) ?? null,
        reason: reasonFor(workload.reason, isVisible),
      });
      const holding = all.filter((each) => !isInQueue(each));
      return {
        items: [...waiting, ...holding].filter(isShown).map(describe),
        pools: pools.map((pool) => usePool(pool, all)),
        estimates: await estimates.records(),
      };
    },
  });
}

function whyRoute(needs: QueueRoutesNeeds): Route {
  const { workloads, gatekeeper } = needs;
  return defineRoute({
    method: "GET",
    path: "/api/v1/projects/:project/workloads/:id/why",
    summary:
      "Says why a workload waits, who is in its way, when it starts and which single changes would start it now; or how it ended.",
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
      const isVisible = visibleTo(all, await gatekeeper.readableProjects(caller));
      const { outlook, reason: told } = await lookAhead(needs, workload);
      const reason = told === null ? null : hideBlockers(told, isVisible);
      const { id, pool } = workload;
      return {
        ...explainWorkload({ ...workload, reason }, positions.get(id) ?? null, plans.get(id) ?? null),
        reason: reason === null ? null : { ...reason, isLasting: isLastingReason(reason) },
        waitingInQueue: all.filter((each) => isInQueue(each) && each.pool === pool).length,
        ...shown(outlook, isVisible),
      };
    },
  });
}

/** What is foreseen of a waiting workload, and the reason with all that is known of those in its way. */
async function lookAhead({ views, store }: QueueRoutesNeeds, { id, state, reason }: Workload) {
  if (state !== "queued") return { outlook: null, reason };
  const kept = await views.latest();
  const outlook = kept.outlook(id);
  if (outlook === null) return { outlook, reason };
  const { world, workloads } = kept.view;
  const { blockers } = outlook.reason;
  const owners = blockers.flatMap((blocker) => workloads.get(blocker.id)?.owner ?? []);
  const writers = await store.writers(owners);
  const told = toBlockerViews(blockers, { workloads, projects: world.declared.people.projects, writers });
  return { outlook, reason: { ...outlook.reason, blockers: told } };
}

type IsVisible = (id: string) => boolean;

/** Which workloads the caller may see by name: `readable` null sees all. Reservations are everybody's to see. */
function visibleTo(active: readonly Workload[], readable: readonly string[] | null): IsVisible {
  if (readable === null) return () => true;
  const visible = new Set(active.filter((each) => readable.includes(each.project)).map((each) => each.id));
  return (id) => visible.has(id) || id.startsWith("reservation ");
}

function reasonFor(reason: PendingReason | null, isVisible: IsVisible): PendingReason | null {
  return reason === null ? null : hideBlockers(reason, isVisible);
}

/** What is foreseen, with the names of strangers' workloads hidden. */
function shown(outlook: Outlook | null, isVisible: IsVisible): Pick<Outlook, "eta" | "record" | "evicts" | "edits"> {
  if (outlook === null) return { eta: null, record: null, evicts: [], edits: [] };
  return {
    eta: outlook.eta,
    record: outlook.record,
    evicts: hideNames(outlook.evicts, isVisible),
    edits: outlook.edits.map((edit) => ({ ...edit, ...hideEdit(edit, isVisible) })),
  };
}

function hideEdit(edit: Outlook["edits"][number], isVisible: IsVisible): Pick<typeof edit, "sentence" | "evicts"> {
  const { sentence } = hideBlockers(
    { code: "", sentence: edit.sentence, blockers: edit.evicts, changes: [] },
    isVisible,
  );
  return { sentence, evicts: hideNames(edit.evicts, isVisible) };
}
