import * as z from "zod";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Gatekeeper } from "../platform/ports.ts";
import { defineRoute, type Route } from "../platform/route.ts";
import { whatIf } from "./forecast/what-if.ts";
import { hideNames } from "./hide-blockers.ts";
import type { ClusterViews } from "./live/cluster-views.ts";
import type { NodeSchedule, QuotaUse } from "./live/model.ts";
import { scheduleOf } from "./live/schedule-spans.ts";
import { projectQueue } from "./quota/declared-quotas.ts";
import { whatIfSchema } from "./what-if/model.ts";
import { toChanges } from "./what-if/to-changes.ts";

const hourMs = 3_600_000;
/** How far the planned future is shown unless told otherwise, and at most. */
const hoursUsual = 24;
const hoursMax = 24 * 31;

/** What stands for a workload whose name the reader may not know. */
const stranger = "a workload of another project";

/** A change is played forward over so many ends of runs, over fewer with many workloads. */
const cyclesUsual = 2_000;
const cycleLooksMax = 2_000_000;

export interface PlanRoutesNeeds {
  readonly views: ClusterViews;
  readonly gatekeeper: Gatekeeper;
  readonly clock: Clock;
}

/** Quotas in use, the planned future, and what a change would do. Each looks at a copy; nothing live is touched. */
export function planRoutes(needs: PlanRoutesNeeds): readonly Route[] {
  return [quotaRoute(needs), scheduleRoute(needs), whatIfRoute(needs)];
}

/** Whether the caller may read a project; null stands for all. */
type IsReadable = (project: string | null) => boolean;

async function readableBy(gatekeeper: Gatekeeper, caller: Parameters<Gatekeeper["readableProjects"]>[0]) {
  const readable = await gatekeeper.readableProjects(caller);
  const isReadable: IsReadable = (project) => readable === null || (project !== null && readable.includes(project));
  return { readable, isReadable };
}

function quotaRoute({ views, gatekeeper }: PlanRoutesNeeds): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/quota-usage",
    summary: "Tells of each node of the quota tree what it has, uses, borrows and lends, its share and its past.",
    permission: { scope: "any" },
    handler: async ({ caller }) => {
      const { readable } = await readableBy(gatekeeper, caller);
      const { quotaUse: all, madeAt: now } = await views.latest();
      return { at: now, items: readable === null ? all : all.filter((each) => isShown(each, readable)) };
    },
  });
}

/** Of projects, only those that the caller may read; what stands above them is everybody's. */
function isShown({ id }: QuotaUse, readable: readonly string[]): boolean {
  return !id.startsWith(projectQueue("")) || readable.some((project) => id === projectQueue(project));
}

function scheduleRoute({ views, gatekeeper, clock }: PlanRoutesNeeds): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/schedule",
    summary: "Lists for each node what runs there, what is planned and what is set aside, over time.",
    permission: { scope: "any" },
    query: z.object({
      pool: z.string().optional(),
      hours: z.coerce.number().positive().max(hoursMax).default(hoursUsual),
    }),
    handler: async ({ query, caller }) => {
      const { isReadable } = await readableBy(gatekeeper, caller);
      const now = clock.now();
      const { view } = await views.latest();
      const to = now + query.hours * hourMs;
      const nodes = scheduleOf(view, to).filter(({ pool }) => (query.pool ?? pool) === pool);
      return { from: now, to, nodes: nodes.map((node) => hideStrangers(node, isReadable)) };
    },
  });
}

function hideStrangers(node: NodeSchedule, isReadable: IsReadable): NodeSchedule {
  return {
    ...node,
    spans: node.spans.map((span) =>
      span.kind === "reserved" || isReadable(span.project) ? span : { ...span, id: "", name: stranger, project: null },
    ),
  };
}

function whatIfRoute({ views, gatekeeper, clock }: PlanRoutesNeeds): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/whatif",
    summary:
      "Tells what a change would do: for whom it moves the start, who is evicted, and the sums. Nothing is changed.",
    permission: { scope: "any" },
    body: whatIfSchema,
    handler: async ({ body, caller }) => {
      const { isReadable } = await readableBy(gatekeeper, caller);
      const now = clock.now();
      const { view } = await views.latest();
      const isVisible = (id: string): boolean => {
        const workload = view.workloads.get(id);
        return workload === undefined ? id.startsWith("what-if ") : isReadable(workload.project);
      };
      const named = [...body.cancel, ...[...body.priorities, ...body.edits].map(({ id }) => id)];
      const unknown = named.find((id) => !isVisible(id));
      // What the caller may not see is told as what is not there.
      if (unknown !== undefined) {
        throw new Fault(
          "platform.request-invalid",
          `there is no workload ${unknown} that waits or runs; see the queue`,
        );
      }
      const size = view.snapshot.waiting.length + view.snapshot.running.length;
      const cyclesMax = Math.max(10, Math.min(cyclesUsual, Math.floor(cycleLooksMax / Math.max(1, size))));
      const answer = whatIf(view.snapshot, toChanges(body, view, now), now, { cyclesMax });
      return {
        ...answer,
        starts: hideNames(answer.starts, isVisible),
        evictions: hideNames(answer.evictions, isVisible),
      };
    },
  });
}
