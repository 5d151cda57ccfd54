import * as z from "zod";
import { Fault } from "../base/fault.ts";
import type { Platform } from "../platform/platform.ts";
import { refKey } from "../platform/resource.ts";
import { defineRoute, type Route } from "../platform/route.ts";
import { controllerName } from "./controller.ts";
import { alertSchema, alertStates, driftMonitorKind, driftReportSchema } from "./model.ts";
import type { MonitoringStore } from "./store.ts";

const monitorPath = "/api/v1/projects/:project/drift-monitors/:name";
const monitorParams = z.object({ project: z.string(), name: z.string() });
const alertPath = "/api/v1/projects/:project/alerts/:id";
const alertParams = z.object({ project: z.string(), id: z.string().max(100) });
const reportsAskedMax = 200;

type Services = Pick<Platform, "resources" | "waker" | "gatekeeper" | "clock">;

/** Drift reports and alerts. */
export function monitoringRoutes(platform: Services, store: MonitoringStore): readonly Route[] {
  return [...reportRoutes(platform, store), ...alertRoutes(platform, store)];
}

function reportRoutes(platform: Services, store: MonitoringStore): readonly Route[] {
  const requireMonitor = async (params: z.infer<typeof monitorParams>): Promise<void> => {
    const found = await platform.resources.get(driftMonitorKind, params.project, params.name);
    if (found !== undefined) return;
    throw new Fault(
      "monitoring.monitor-missing",
      `there is no drift monitor ${params.name} in project ${params.project}; list them with: millwright get drift-monitors`,
      { details: params },
    );
  };
  return [
    defineRoute({
      method: "GET",
      path: `${monitorPath}/reports`,
      summary: "Lists what a drift monitor found, newest first, with both distributions of every column.",
      permission: { scope: "project", action: "read" },
      params: monitorParams,
      query: z.object({ limit: z.coerce.number().int().min(1).max(reportsAskedMax).default(20) }),
      reply: z.object({ items: z.array(driftReportSchema) }),
      handler: async ({ params, query }) => {
        await requireMonitor(params);
        return { items: [...(await store.reports(params.project, params.name, query.limit))] };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${monitorPath}/check`,
      summary: "Lets a drift monitor look now; its next report tells what it found.",
      permission: { scope: "project", action: "write" },
      params: monitorParams,
      reply: z.object({ asked: z.literal(true) }),
      handler: async ({ params }) => {
        await requireMonitor(params);
        await platform.waker.wake(controllerName, refKey({ kind: driftMonitorKind.kind, ...params }));
        return { asked: true as const };
      },
    }),
  ];
}

function alertRoutes(platform: Services, store: MonitoringStore): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/alerts",
      summary: "Lists alerts that the caller may read: unresolved ones first, then the newest.",
      permission: { scope: "any" },
      query: z.object({ project: z.string().optional(), state: z.enum(alertStates).optional() }),
      reply: z.object({ items: z.array(alertSchema) }),
      handler: async ({ query, caller }) => {
        const readable = await platform.gatekeeper.readableProjects(caller);
        const isReadable = query.project !== undefined && (readable === null || readable.includes(query.project));
        const projects = query.project === undefined ? readable : isReadable ? [query.project] : [];
        const states = query.state === undefined ? undefined : [query.state];
        return { items: [...(await store.alerts({ projects, states }))] };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${alertPath}/acknowledge`,
      summary: "Notes that the caller has seen an alert and cares for it.",
      permission: { scope: "project", action: "write" },
      params: alertParams,
      reply: alertSchema,
      handler: async ({ params, caller }) =>
        await store.acknowledge(params.project, params.id, caller.identity, platform.clock.now()),
    }),
    defineRoute({
      method: "POST",
      path: `${alertPath}/resolve`,
      summary: "Closes an alert; it opens again when the next report still finds drift.",
      permission: { scope: "project", action: "write" },
      params: alertParams,
      reply: alertSchema,
      handler: async ({ params, caller }) =>
        await store.resolve(params.project, params.id, caller.identity, platform.clock.now()),
    }),
  ];
}
