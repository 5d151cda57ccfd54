import * as z from "zod";
import type { Platform } from "../platform/platform.ts";
import { nameSchema, type Resource, refKey } from "../platform/resource.ts";
import { defineRoute, type Route } from "../platform/route.ts";
import type { ModelRegistry } from "../registry/ports.ts";
import { deploymentControllerName } from "./deployment-controller.ts";
import { type DeploymentStore, maxLooks } from "./deployment-store.ts";
import { orderRollout } from "./order-rollout.ts";
import type { PredictionStore } from "./prediction-store.ts";
import { rolloutActions } from "./rollout-order.ts";
import { refusalSeries } from "./refusal-series.ts";
import { trafficSeries, trafficTotal } from "./traffic-series.ts";
import type { TrafficStore } from "./traffic-store.ts";

const paramsSchema = z.object({ project: nameSchema, name: nameSchema });

/** How far back traffic is read unless told otherwise. */
const defaultRangeMs = 3_600_000;

/** Predictions that one page holds at most. */
const predictionsMax = 1_000;

interface ServingRoutesNeeds {
  readonly platform: Pick<Platform, "resources" | "clock" | "waker">;
  readonly registry: Pick<ModelRegistry, "setAlias" | "removeAlias">;
  readonly store: DeploymentStore;
  readonly traffic: TrafficStore;
  readonly predictions: PredictionStore;
}

/** What serving adds to the API beyond the resources themselves. */
export function servingRoutes(needs: ServingRoutesNeeds): readonly Route[] {
  return [trafficRoute(needs), predictionsRoute(needs), rolloutsRoute(needs), rolloutRoute(needs)];
}

function trafficRoute({ platform, traffic }: ServingRoutesNeeds): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/projects/:project/deployments/:name/traffic",
    summary: "Requests, errors, latencies and quality of each version over time, and what was refused and why.",
    permission: { scope: "project", action: "read" },
    params: paramsSchema,
    query: z.object({
      from: z.coerce.number().optional(),
      to: z.coerce.number().optional(),
      stepMs: z.coerce.number().int().min(1000).max(86_400_000).default(1000),
    }),
    handler: async ({ params, query }) => {
      const to = query.to ?? platform.clock.now() + 1000;
      const from = query.from ?? to - defaultRangeMs;
      const windows = await traffic.windows(params.project, params.name, from, to);
      return {
        from,
        to,
        stepMs: query.stepMs,
        total: trafficTotal(windows),
        versions: trafficSeries(windows, query.stepMs),
        refusals: refusalSeries(
          await traffic.refusals.read(params.project, params.name, { from, to, stepMs: query.stepMs }),
        ),
      };
    },
  });
}

function predictionsRoute({ predictions }: ServingRoutesNeeds): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/projects/:project/deployments/:name/predictions",
    summary: "Predictions with what the model saw and what really happened: the newest, or a sample of a range.",
    permission: { scope: "project", action: "read" },
    params: paramsSchema,
    query: z.object({
      from: z.coerce.number().optional(),
      to: z.coerce.number().optional(),
      limit: z.coerce.number().int().min(1).max(predictionsMax).default(100),
    }),
    handler: async ({ params, query }) => {
      const { from, to, limit } = query;
      if (from === undefined && to === undefined) {
        return { predictions: await predictions.latest(params.project, params.name, limit) };
      }
      const range = { from: from ?? 0, to: to ?? Number.MAX_SAFE_INTEGER, limit };
      return { predictions: await predictions.sample(params.project, params.name, range) };
    },
  });
}

function rolloutsRoute({ store }: ServingRoutesNeeds): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/projects/:project/deployments/:name/rollouts",
    summary: "Every look at the deployment's rollouts with its numbers: difference, confidence band, decision.",
    permission: { scope: "project", action: "read" },
    params: paramsSchema,
    query: z.object({
      rollout: z.string().max(200).optional(),
      limit: z.coerce.number().int().min(1).max(maxLooks).default(1000),
    }),
    handler: async ({ params, query }) => ({
      looks: await store.looks(params.project, params.name, query.rollout ?? null, query.limit),
    }),
  });
}

function rolloutRoute(needs: ServingRoutesNeeds): Route {
  const wake = (deployment: Resource): Promise<void> =>
    needs.platform.waker.wake(deploymentControllerName, refKey(deployment));
  return defineRoute({
    method: "POST",
    path: "/api/v1/projects/:project/deployments/:name/rollout",
    summary:
      "A person decides over the rollout that runs: resume a paused one, set its split, promote it, or roll it back, also after its end.",
    permission: { scope: "project", action: "approve" },
    params: paramsSchema,
    body: z
      .strictObject({
        action: z.enum(rolloutActions),
        reason: z.string().min(1).max(500),
        version: z.string().max(200).optional(),
        percent: z.number().min(0).max(99.99).optional(),
      })
      .refine((body) => (body.action === "split") === (body.percent !== undefined), {
        message: "a split, and nothing else, wants the candidate's percent",
        path: ["percent"],
      }),
    handler: async ({ params, body, caller }) =>
      await orderRollout({ ...needs, wake }, params, {
        ...body,
        version: body.version ?? null,
        percent: body.percent ?? null,
        actor: caller.identity,
      }),
  });
}
