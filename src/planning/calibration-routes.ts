import * as z from "zod";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Workloads } from "../compute/ports.ts";
import { defineRoute, type Route } from "../platform/route.ts";
import { calibrateSite } from "./calibration/calibrate-site.ts";
import { handedInSchema, siteCalibrationSchema, siteRowsSchema } from "./calibration/model.ts";
import { measuredLike } from "./measured-like.ts";
import type { PredictionStore } from "./prediction-store.ts";
import { planningKinds } from "./questions/model.ts";

export interface CalibrationRoutesNeeds {
  readonly store: PredictionStore;
  readonly workloads: Workloads;
  readonly clock: Clock;
}

/** How wrong predictions were on this site, and the door for predictions of a planner's own. */
export function calibrationRoutes(needs: CalibrationRoutesNeeds): readonly Route[] {
  return [calibrationRoute(needs), siteRoute(needs), handInRoute(needs)];
}

function calibrationRoute({ store }: CalibrationRoutesNeeds): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/planning/calibration",
    summary: "Tells how wrong predictions were on this site, and the constants that were refitted by it.",
    permission: { scope: "any" },
    reply: z.object({ items: z.array(siteCalibrationSchema) }),
    handler: async () => {
      const groups = await store.settledGroups();
      return { items: groups.map(({ kind, group, rows, excluded }) => calibrateSite(kind, group, rows, excluded)) };
    },
  });
}

function siteRoute({ store }: CalibrationRoutesNeeds): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/planning/site",
    summary:
      "Gives what this site measured of predictions like those that a question asks for, to plan elsewhere with it.",
    permission: { scope: "any" },
    body: z.strictObject({ kind: z.enum(planningKinds), question: z.record(z.string(), z.unknown()) }),
    reply: z.object({ site: z.array(siteRowsSchema) }),
    handler: async ({ body }) => ({ site: [...(await measuredLike(store, body.kind, body.question))] }),
  });
}

function handInRoute({ store, workloads, clock }: CalibrationRoutesNeeds): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/projects/:project/planning/predictions",
    summary:
      "Hands in how long a training workload, or one step of it, is predicted to take; it is compared with what came.",
    permission: { scope: "project", action: "write" },
    params: z.object({ project: z.string() }),
    body: handedInSchema,
    reply: z.object({ kept: z.literal(true) }),
    handler: async ({ params, body }) => {
      const workload = await workloads.get(body.workload);
      if (workload === undefined || workload.project !== params.project) {
        const message = `there is no workload ${body.workload} in project ${params.project}; list them with: millwright get workloads`;
        throw new Fault("compute.workload-missing", message);
      }
      if (workload.endedAt !== null) {
        const message = `workload ${body.workload} has ended; a prediction is handed in before it ends`;
        throw new Fault("planning.request-invalid", message);
      }
      const { workload: subject, ...prediction } = body;
      await store.keep([{ subject, project: params.project, at: clock.now(), ...prediction }], null);
      return { kept: true as const };
    },
  });
}
