import type { Auditor } from "../platform/audit.ts";
import type { Database } from "../platform/database.ts";
import { logSize } from "../platform/event-log.ts";
import { openApiDocument } from "../platform/openapi.ts";
import type { KindDefinition } from "../platform/resource.ts";
import type { ResourceStore } from "../platform/resource-store.ts";
import { defineRoute, type Route } from "../platform/route.ts";

export interface StatusNeeds {
  readonly version: string;
  readonly startedAt: number;
  readonly database: Database;
  readonly resources: ResourceStore;
  readonly auditor: Auditor;
  readonly kinds: readonly KindDefinition[];
  readonly gatewayUrl: () => string | null;
  /** All routes but these, for OpenAPI. */
  readonly routes: readonly Route[];
}

/** Health, status and the API's own description. */
export function statusRoutes(needs: StatusNeeds): readonly Route[] {
  const health = defineRoute({
    method: "GET",
    path: "/health",
    summary: "Answers OK once the server listens.",
    permission: { scope: "open" },
    handler: async () => "OK",
  });
  const status = defineRoute({
    method: "GET",
    path: "/api/v1/status",
    summary:
      "Tells the version, where the gateway listens, how many resources of each kind there are, and the log's size.",
    permission: { scope: "any" },
    handler: async () => {
      const counts = await needs.resources.counts();
      return {
        version: needs.version,
        startedAt: needs.startedAt,
        gatewayUrl: needs.gatewayUrl(),
        counts: Object.fromEntries(needs.kinds.map(({ kind }) => [kind, counts.get(kind) ?? 0])),
        log: { size: await logSize(needs.database), checkpoint: await needs.auditor.newest() },
      };
    },
  });
  const described = [...needs.routes, health, status];
  const openapi = defineRoute({
    method: "GET",
    path: "/api/v1/openapi.json",
    summary: "This API as an OpenAPI 3.1 document.",
    permission: { scope: "open" },
    handler: async () => openApiDocument(described, needs.kinds, needs.version),
  });
  return [health, status, openapi];
}
