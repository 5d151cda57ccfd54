import type { Workloads } from "../compute/ports.ts";
import type { Platform } from "../platform/platform.ts";
import type { Room } from "../platform/room.ts";
import type { QueueForecasts } from "../scheduling/ports.ts";
import { CalibrationController } from "./calibration-controller.ts";
import { calibrationRoutes } from "./calibration-routes.ts";
import { PlannerThreads } from "./drivers/planner-threads.ts";
import { PredictionStore } from "./prediction-store.ts";
import { planningRoutes } from "./routes.ts";

/** Answers what to buy next, and how wrong that may be; learns from what this site measures. */
export function planningRoom(
  { database, clock }: Pick<Platform, "database" | "clock">,
  needs: { readonly workloads: Workloads; readonly forecasts: QueueForecasts },
): Room {
  const planner = new PlannerThreads();
  const store = new PredictionStore(database.withTables());
  return {
    name: "planning",
    routes: [...planningRoutes({ planner, store, clock }), ...calibrationRoutes({ store, clock, ...needs })],
    controllers: [new CalibrationController({ store, clock, ...needs })],
    async stop() {
      await planner.stop();
    },
  };
}
