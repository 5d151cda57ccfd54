import * as z from "zod";
import { Fault } from "../base/fault.ts";
import { defineRoute, type Route } from "../platform/route.ts";
import { evaluationReportSchema } from "./model.ts";
import type { EvaluationStore } from "./store.ts";

const base = "/api/v1/projects/:project/evaluation-reports";
const permission = { scope: "project", action: "read" } as const;

/** Reports of evaluations: figures, curves, the gate's rules. */
export function evaluationRoutes(store: EvaluationStore): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: base,
      summary: "Lists evaluation reports, newest first.",
      permission,
      params: z.object({ project: z.string() }),
      query: z.object({
        model: z.string().optional(),
        evaluation: z.string().optional(),
        version: z.string().optional().describe("Id of a model version."),
      }),
      reply: z.object({ items: z.array(evaluationReportSchema) }),
      handler: async ({ params, query }) => {
        const { model, evaluation, version } = query;
        return { items: [...(await store.list({ project: params.project, model, evaluation, versionId: version }))] };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${base}/:id`,
      summary: "Reads one evaluation report.",
      permission,
      params: z.object({ project: z.string(), id: z.string().max(100) }),
      reply: evaluationReportSchema,
      handler: async ({ params }) => {
        const [report] = await store.list(params);
        if (report !== undefined) return report;
        throw new Fault(
          "evaluation.report-missing",
          `there is no evaluation report ${params.id} in project ${params.project}; list them with GET ${base.replace(":project", params.project)}`,
          { details: params },
        );
      },
    }),
  ];
}
