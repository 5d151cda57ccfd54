import * as z from "zod";
import { Fault } from "../base/fault.ts";
import type { Platform } from "../platform/platform.ts";
import { nameSchema } from "../platform/resource.ts";
import { defineRoute, type Route } from "../platform/route.ts";
import type { DeploymentLoads } from "./autoscale/deployment-loads.ts";
import { loadSeries } from "./autoscale/load-series.ts";
import type { DeploymentStore } from "./deployment-store.ts";
import { loadTestTargetSchema, serverLoadTestSchema } from "./loadtest/model.ts";
import { deploymentKind } from "./model.ts";
import type { LoadTests } from "./ports.ts";

const paramsSchema = z.object({ project: nameSchema, name: nameSchema });

/** How far back loads are told unless asked otherwise, and cold starts that are told. */
const defaultSpanMs = 600_000;
const longestSpanMs = 3_600_000;
const coldStartsTold = 20;

/** Workers tell a second's load about so long after it. */
const reportLagMs = 2_000;

interface LoadRoutesNeeds {
  readonly platform: Pick<Platform, "resources" | "clock">;
  readonly loads: DeploymentLoads;
  readonly store: Pick<DeploymentStore, "coldStarts">;
  readonly loadTests: LoadTests;
  readonly gatewayUrl: () => string | null;
}

/** What deployments carry, and load tests of them. */
export function loadRoutes(needs: LoadRoutesNeeds): readonly Route[] {
  return [loadRoute(needs), startTestRoute(needs), readTestRoute(needs), endTestRoute(needs)];
}

function loadRoute({ platform, loads, store }: LoadRoutesNeeds): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/projects/:project/deployments/:name/load",
    summary:
      "What the gateway carries for a deployment: over time, on each replica now, and how long replicas took to start.",
    permission: { scope: "project", action: "read" },
    params: paramsSchema,
    query: z.object({
      spanMs: z.coerce.number().int().min(1000).max(longestSpanMs).default(defaultSpanMs),
      stepMs: z.coerce.number().int().multipleOf(1000).min(1000).max(longestSpanMs).default(5000),
    }),
    handler: async ({ params: { project, name }, query }) => {
      const now = platform.clock.now();
      const history = loads.historyOf(project, name);
      const range = { from: now - query.spanMs, to: now - reportLagMs, since: history.since };
      return {
        from: range.from,
        to: range.to,
        stepMs: query.stepMs,
        points: loadSeries(history.samples(range.from, range.to), range, query.stepMs),
        replicas: loads.replicasOf(project, name, now),
        coldStartsMs: await store.coldStarts(project, name, coldStartsTold),
      };
    },
  });
}

const testPath = "/api/v1/projects/:project/deployments/:name/load-test";

function startTestRoute({ platform, loadTests, gatewayUrl }: LoadRoutesNeeds): Route {
  return defineRoute({
    method: "POST",
    path: testPath,
    summary: "Starts a load test of a deployment in the server, with the caller's own key; one at a time.",
    permission: { scope: "project", action: "write" },
    params: paramsSchema,
    body: serverLoadTestSchema,
    handler: async ({ params: { project, name }, body, caller, headers }) => {
      const deployment = await platform.resources.get(deploymentKind, project, name);
      const url = deployment?.status.url ?? null;
      const base = gatewayUrl();
      if (url === null || base === null) {
        throw new Fault(
          "serving.model-not-ready",
          `deployment ${name} of project ${project} does not serve; nothing to test`,
        );
      }
      const target = loadTestTargetSchema.parse({
        url: base,
        protocol: url.endsWith("/v1") ? "openai" : "v2",
        model: name,
        key: /^bearer (\S+)$/i.exec(headers.authorization ?? "")?.[1] ?? null,
        headers: { "x-millwright-project": project },
      });
      return loadTests.start({ project, deployment: name, by: caller.identity, task: { shape: body, target } });
    },
  });
}

function readTestRoute({ loadTests }: LoadRoutesNeeds): Route {
  return defineRoute({
    method: "GET",
    path: testPath,
    summary: "How far the deployment's load test is, or what the last one found.",
    permission: { scope: "project", action: "read" },
    params: paramsSchema,
    handler: async ({ params }) => loadTests.state(params.project, params.name),
  });
}

function endTestRoute({ loadTests }: LoadRoutesNeeds): Route {
  return defineRoute({
    method: "DELETE",
    path: testPath,
    summary: "Ends the deployment's load test early; what was answered until then is reported.",
    permission: { scope: "project", action: "write" },
    params: paramsSchema,
    handler: async ({ params }) => loadTests.end(params.project, params.name),
  });
}
