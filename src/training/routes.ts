import * as z from "zod";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { ResourceStore } from "../platform/resource-store.ts";
import { defineRoute, type Route } from "../platform/route.ts";
import { cancelTrainingSchema, trainingJobKind } from "./model.ts";
import { isOver } from "./next-step.ts";
import type { TrainingStore } from "./store.ts";

/** What can be asked of a training job beyond its declaration. */
export function trainingRoutes(needs: {
  readonly resources: ResourceStore;
  readonly store: TrainingStore;
  readonly clock: Clock;
}): readonly Route[] {
  return [
    defineRoute({
      method: "POST",
      path: "/api/v1/projects/:project/training-jobs/:name/cancel",
      summary: "Stops a training job. What it logged stays; a changed spec runs it again.",
      permission: { scope: "project", action: "write" },
      params: z.object({ project: z.string(), name: z.string() }),
      body: cancelTrainingSchema,
      reply: z.object({ phase: z.string(), isCancelling: z.boolean() }),
      async handler({ params, body, caller }) {
        const { project, name } = params;
        const job = await needs.resources.get(trainingJobKind, project, name);
        if (job === undefined)
          throw new Fault("platform.resource-missing", `there is no training job ${name} in project ${project}`);
        const isCurrent = job.status.generation === job.generation;
        if (isCurrent && isOver(job.status.phase)) return { phase: job.status.phase, isCancelling: false };
        await needs.store.cancel(
          { uid: job.uid, generation: job.generation, actor: caller.identity, reason: body.reason },
          {
            at: needs.clock.now(),
            actor: caller.identity,
            verb: "cancel-requested",
            subject: { kind: job.kind, project, name },
            message:
              body.reason === ""
                ? `training job ${name} shall stop`
                : `training job ${name} shall stop: ${body.reason}`,
            data: { generation: job.generation },
          },
        );
        return { phase: job.status.phase, isCancelling: true };
      },
    }),
  ];
}
