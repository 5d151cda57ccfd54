import * as z from "zod";
import { defineRoute, type Route } from "../platform/route.ts";
import type { Gatekeeper } from "../platform/ports.ts";
import { missingWorkload } from "./drivers/stored-workloads.ts";
import { workloadIdSchema, workloadSchema } from "./model.ts";
import type { Workload, Workloads } from "./ports.ts";
import type { WorkloadStore } from "./store.ts";

const paramsSchema = z.object({ project: z.string(), id: workloadIdSchema });
const listQuerySchema = z.object({
  active: z.enum(["true", "false"]).optional(),
  /** The owner, as `TrainingJob/flight-delay`. */
  owner: z
    .string()
    .regex(/^[A-Za-z]+\/[a-z0-9-]+$/, "write KIND/NAME, such as TrainingJob/flight-delay")
    .optional(),
});

export interface ComputeRoutesNeeds {
  readonly store: WorkloadStore;
  readonly workloads: Workloads;
  readonly gatekeeper: Gatekeeper;
}

/** Lists, reads and stops workloads. */
export function computeRoutes({ store, workloads, gatekeeper }: ComputeRoutesNeeds): readonly Route[] {
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
