import * as z from "zod";
import { defineRoute, type Route } from "../platform/route.ts";

/** The version of MLflow whose API is spoken; clients show it and nothing more. */
const mlflowVersion = "3.17.2";

const prefixes = ["/api/3.0", "/ajax-api/3.0"] as const;

/** What MLflow's clients ask of a server before anything else. */
export function serviceRoutes(): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/version",
      summary: "The version of MLflow whose API is spoken here (MLflow).",
      permission: { scope: "open" },
      reply: z.string(),
      handler: async () => mlflowVersion,
    }),
    ...prefixes.map((prefix) =>
      defineRoute({
        method: "GET",
        path: `${prefix}/mlflow/server-info`,
        summary: "What the tracking server can do (MLflow).",
        permission: { scope: "open" },
        reply: z.object({ store_type: z.string(), workspaces_enabled: z.boolean() }),
        handler: async () => ({ store_type: "SqlStore", workspaces_enabled: true }),
      }),
    ),
  ];
}
