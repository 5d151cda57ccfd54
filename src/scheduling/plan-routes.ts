import * as z from "zod";
import type { Clock } from "../base/clock.ts";
import type { Gatekeeper } from "../platform/ports.ts";
import { defineRoute, type Route } from "../platform/route.ts";
import { type ClusterView, viewOf } from "./live/cluster-view.ts";
import type { ForecastDuration } from "./live/engine-snapshot.ts";
import { liveSettings } from "./live/engine-settings.ts";
import { type QuotaUse, quotaUseOf } from "./live/quota-use.ts";
import { type NodeSchedule, scheduleOf } from "./live/schedule-spans.ts";
import type { World } from "./live/world.ts";
import type { ForecastStarts } from "./ports.ts";
import { projectQueue } from "./quota/declared-quotas.ts";
import type { SchedulingStore } from "./scheduling-store.ts";
import { changeWorld } from "./what-if/change-world.ts";
import { compareStarts } from "./what-if/compare-starts.ts";
import { type StartChange, type WhatIfAnswer, whatIfAnswerSchema, whatIfSchema } from "./what-if/model.ts";

const hourMs = 3_600_000;
/** How far the planned future is shown unless told otherwise, and at most. */
const hoursUsual = 24;
const hoursMax = 24 * 31;

/** What stands for a workload whose name the reader may not know. */
const stranger = "a workload of another project";

export interface PlanRoutesNeeds {
  readonly store: SchedulingStore;
  readonly gatekeeper: Gatekeeper;
  readonly forecast: ForecastStarts;
  readonly forecastOf: ForecastDuration;
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

function quotaRoute({ store, gatekeeper, forecastOf, clock }: PlanRoutesNeeds): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/quotas/usage",
    summary: "Tells of each node of the quota tree what it has, uses, borrows and lends, its share and its past.",
    permission: { scope: "any" },
    handler: async ({ caller }) => {
      const { readable } = await readableBy(gatekeeper, caller);
      const world = await store.world();
      const now = clock.now();
      const waiting = world.workloads.filter((each) => each.state === "queued");
      // Quotas count what is held: those that wait need not be told to the engine.
      const holding = world.workloads.filter((each) => each.state !== "queued" && each.state !== "preempted");
      const view = viewOf({ ...world, workloads: holding, plans: [] }, liveSettings, forecastOf, now);
      const counts = new Map<string, number>();
      for (const each of waiting) {
        const queue = view.surroundings.queueOf(each);
        if (queue !== undefined) counts.set(queue, (counts.get(queue) ?? 0) + 1);
      }
      const all = quotaUseOf(view.engine, world.declared.quota, counts, now);
      return { at: now, items: readable === null ? all : all.filter((each) => isShown(each, readable)) };
    },
  });
}

/** Of projects, only those that the caller may read; what stands above them is everybody's. */
function isShown({ id }: QuotaUse, readable: readonly string[]): boolean {
  return !id.startsWith(projectQueue("")) || readable.some((project) => id === projectQueue(project));
}

function scheduleRoute({ store, gatekeeper, forecastOf, clock }: PlanRoutesNeeds): Route {
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
      const view = viewOf(await store.world(), liveSettings, forecastOf, now);
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

function whatIfRoute({ store, gatekeeper, forecast, forecastOf, clock }: PlanRoutesNeeds): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/whatif",
    summary: "Tells what a change would do: for whom it moves the start, and whereto. Nothing is changed.",
    permission: { scope: "any" },
    body: whatIfSchema,
    reply: whatIfAnswerSchema as z.ZodType<unknown>,
    handler: async ({ body, caller }) => {
      const { isReadable } = await readableBy(gatekeeper, caller);
      const now = clock.now();
      const world = await store.world();
      const own = new Set(world.workloads.filter((each) => isReadable(each.project)).map((each) => each.id));
      const change = {
        ...body,
        cancel: body.cancel.filter((id) => own.has(id)),
        priorities: body.priorities.filter(({ id }) => own.has(id)),
      };
      const unknown = [...body.cancel, ...body.priorities.map(({ id }) => id)].filter((id) => !own.has(id));
      const { world: changed, problems } = changeWorld(world, change, now);
      const views = {
        before: planlessView(world, forecastOf, now),
        after: planlessView(changed, forecastOf, now),
      };
      const starts = {
        before: forecast(views.before.snapshot, now),
        after: forecast(views.after.snapshot, now),
      };
      const missing = unknown.map((id) => `there is no workload ${id} that waits or runs`);
      return hideMoved(compareStarts(views, starts, change, [...missing, ...problems], now), isReadable);
    },
  });
}

/** Both sides are planned from nothing, so that they differ by the change alone. */
function planlessView(world: World, forecastOf: ForecastDuration, now: number): ClusterView {
  return viewOf({ ...world, plans: [] }, liveSettings, forecastOf, now);
}

function hideMoved(answer: WhatIfAnswer, isReadable: IsReadable): WhatIfAnswer {
  const hide = (each: StartChange): StartChange =>
    isReadable(each.project) ? each : { ...each, id: "", name: stranger, project: null };
  return { ...answer, sooner: answer.sooner.map(hide), later: answer.later.map(hide) };
}
