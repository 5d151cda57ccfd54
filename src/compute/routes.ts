import * as z from "zod";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import { defineRoute, type Route } from "../platform/route.ts";
import type { Gatekeeper } from "../platform/ports.ts";
import { missingWorkload } from "./drivers/stored-workloads.ts";
import { usageSums, workloadIdSchema, workloadSchema } from "./model.ts";
import type { GpuRecords } from "./gpu-records.ts";
import type { Workload, Workloads } from "./ports.ts";
import type { WorkloadStore } from "./store.ts";
import type { UsageStore } from "./usage-store.ts";

const paramsSchema = z.object({ project: z.string(), id: workloadIdSchema });
const listQuerySchema = z.object({
  active: z.enum(["true", "false"]).optional(),
  /** The owner, as `TrainingJob/flight-delay`. */
  owner: z
    .string()
    .regex(/^[A-Za-z]+\/[a-z0-9-]+$/, "write KIND/NAME, such as TrainingJob/flight-delay")
    .optional(),
});

/** Usage is added up over the last 30 days unless another time is given, and over two years at most. */
const usageMs = 30 * 86_400_000;
const usageMaxMs = 731 * 86_400_000;

/** Workloads that one answer about the past of the queue holds. */
const queueRecordsMax = 20_000;

const usageQuerySchema = z.object({
  project: z.string().optional(),
  /** Milliseconds since 1970; `to` itself is not part of the time. */
  from: z.coerce.number().int().min(0).optional(),
  to: z.coerce.number().int().min(0).optional(),
  /** Names joined by commas: project, purpose, day, hour, pool, queue, model, owner. */
  by: z
    .string()
    .max(100)
    .default("project")
    .transform((text) => text.split(","))
    .pipe(z.array(z.enum(usageSums)).max(usageSums.length)),
});

export interface ComputeRoutesNeeds {
  readonly store: WorkloadStore;
  readonly usage: UsageStore;
  readonly records: GpuRecords;
  readonly workloads: Workloads;
  readonly gatekeeper: Gatekeeper;
  readonly clock: Clock;
}

/** Lists, reads and stops workloads, and tells what they used. */
export function computeRoutes(needs: ComputeRoutesNeeds): readonly Route[] {
  return [...workloadRoutes(needs), checkpointRoute(needs), usageRoute(needs), queueRecordRoute(needs)];
}

function checkpointRoute({ store, workloads, clock }: ComputeRoutesNeeds): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/projects/:project/workloads/:id/checkpoint",
    summary: "Tells that a workload has saved its work, so that less is lost when it must make room.",
    permission: { scope: "project", action: "write" },
    params: paramsSchema,
    body: z.strictObject({ at: z.int().min(0).optional().describe("Milliseconds since 1970; absent: now.") }),
    handler: async ({ params, body }) => {
      const workload = await store.get(params.id);
      if (workload === undefined || workload.project !== params.project) throw missingWorkload(params.id);
      // A clock that is ahead of ours does not make work safe that is not done yet.
      await workloads.checkpoint(params.id, Math.min(body.at ?? clock.now(), clock.now()));
      return await store.get(params.id);
    },
  });
}

function usageRoute({ usage, gatekeeper, clock }: ComputeRoutesNeeds): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/usage",
    summary: "Adds up the ledger: GPU-seconds and CPU-seconds by what is asked for, with what they were worth.",
    permission: { scope: "any" },
    query: usageQuerySchema,
    handler: async ({ query, caller }) => {
      const to = query.to ?? clock.now();
      const from = query.from ?? to - usageMs;
      if (from > to || to - from > usageMaxMs) {
        throw new Fault(
          "platform.request-invalid",
          `usage is added up over at most ${usageMaxMs / 86_400_000} days, and from ${from} to ${to} was asked for; choose a shorter time`,
        );
      }
      const readable = await gatekeeper.readableProjects(caller);
      const { project } = query;
      const projects =
        project === undefined ? readable : readable === null || readable.includes(project) ? [project] : [];
      return { from, to, items: await usage.sums({ from, to, projects, by: query.by, now: clock.now() }) };
    },
  });
}

function queueRecordRoute({ records, gatekeeper, clock }: ComputeRoutesNeeds): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/usage/queue",
    summary:
      "Tells which workloads with GPUs were submitted in a time, what they asked for and how long they ran: a trace.",
    permission: { scope: "any" },
    query: z.object({
      /** Milliseconds since 1970; `to` itself is not part of the time. */
      from: z.coerce.number().int().min(0).optional(),
      to: z.coerce.number().int().min(0).optional(),
      limit: z.coerce.number().int().min(1).max(queueRecordsMax).default(queueRecordsMax),
    }),
    handler: async ({ query, caller }) => {
      const to = query.to ?? clock.now();
      const from = query.from ?? to - usageMs;
      const readable = await gatekeeper.readableProjects(caller);
      return { from, to, items: await records.queue({ from, to }, readable, query.limit) };
    },
  });
}

function workloadRoutes({ store, workloads, gatekeeper }: ComputeRoutesNeeds): readonly Route[] {
  const read = async (project: string, id: string): Promise<Workload> => {
    const workload = await store.get(id);
    if (workload === undefined || workload.project !== project) throw missingWorkload(id);
    return workload;
  };
  const filterOf = (query: z.infer<typeof listQuerySchema>, project: string | null) => {
    const [kind = "", name = ""] = query.owner?.split("/") ?? [];
    return {
      ...(query.active === undefined ? {} : { active: query.active === "true" }),
      ...(query.owner === undefined ? {} : { owner: { kind, project, name } }),
    };
  };
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/workloads",
      summary: "Lists workloads of every project that the caller may read, newest first.",
      permission: { scope: "any" },
      query: z.object({ project: z.string().optional(), active: listQuerySchema.shape.active }),
      handler: async ({ query, caller }) => {
        const readable = await gatekeeper.readableProjects(caller);
        const { project } = query;
        const projects =
          project === undefined ? readable : readable === null || readable.includes(project) ? [project] : [];
        return { items: await store.list({ ...filterOf(query, null), projects }) };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/projects/:project/workloads",
      summary: "Lists a project's workloads, newest first.",
      permission: { scope: "project", action: "read" },
      params: z.object({ project: z.string() }),
      query: listQuerySchema,
      handler: async ({ params, query }) => ({
        items: await store.list({ ...filterOf(query, params.project), project: params.project }),
      }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/projects/:project/workloads/:id",
      summary: "Reads one workload.",
      permission: { scope: "project", action: "read" },
      params: paramsSchema,
      reply: workloadSchema as z.ZodType<unknown>,
      handler: async ({ params }) => await read(params.project, params.id),
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/projects/:project/workloads/:id/cancel",
      summary: "Asks a workload to stop: SIGTERM, its grace, SIGKILL; or takes it out of the queue.",
      permission: { scope: "project", action: "write" },
      params: paramsSchema,
      body: z.strictObject({ why: z.string().min(1).max(500).optional() }),
      handler: async ({ params, body, caller }) => {
        await read(params.project, params.id);
        await workloads.cancel(params.id, caller.identity, body.why ?? `${caller.identity} asked for it`);
        return await read(params.project, params.id);
      },
    }),
  ];
}
