import type { GpuRecords } from "../compute/gpu-records.ts";
import type { Workloads } from "../compute/ports.ts";
import type { Platform } from "../platform/platform.ts";
import type { Room } from "../platform/room.ts";
import type { QueueForecasts } from "../scheduling/ports.ts";
import type { ServedLoads } from "../serving/ports.ts";
import type { Tracking } from "../tracking/ports.ts";
import { CalibrationController } from "./calibration-controller.ts";
import { calibrationRoutes } from "./calibration-routes.ts";
import { PlannerThreads } from "./drivers/planner-threads.ts";
import { TrackedSteps } from "./drivers/tracked-steps.ts";
import { PowerStore } from "./power-store.ts";
import { PredictionStore } from "./prediction-store.ts";
import { planningRoutes } from "./routes.ts";
import { SiteController } from "./site-controller.ts";
import { telemetryRoutes } from "./telemetry-routes.ts";

/** What of other rooms planning compares its predictions with. */
export interface PlanningNeeds {
  readonly workloads: Workloads;
  readonly forecasts: QueueForecasts;
  readonly records: GpuRecords;
  readonly tracking: Tracking;
  readonly served: ServedLoads;
}

/** Answers what to buy next, and how wrong that may be; learns from what this site measures. */
export function planningRoom(
  { database, clock, resources }: Pick<Platform, "database" | "clock" | "resources">,
  needs: PlanningNeeds,
): Room {
  const planner = new PlannerThreads();
  const store = new PredictionStore(database.withTables());
  const power = new PowerStore(database.withTables());
  const steps = new TrackedSteps({ ...needs, resources, planner });
  return {
    name: "planning",
    routes: [
      ...planningRoutes({ planner, store, clock }),
      ...calibrationRoutes({ store, clock, ...needs }),
      ...telemetryRoutes({ power, resources, clock, ...needs }),
    ],
    controllers: [
      new CalibrationController({ store, clock, steps, ...needs }),
      new SiteController({ store, power, planner, resources, clock, ...needs }),
    ],
    async stop() {
      await planner.stop();
    },
  };
}
