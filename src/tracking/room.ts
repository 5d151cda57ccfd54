import { randomBytes } from "node:crypto";
import type { Database } from "../platform/database.ts";
import type { Platform } from "../platform/platform.ts";
import type { Room } from "../platform/room.ts";
import { artifactRoutes } from "./artifact-routes.ts";
import { storedTracking } from "./drivers/stored-tracking.ts";
import { experimentRoutes } from "./experiment-routes.ts";
import { ExperimentStore } from "./experiment-store.ts";
import { loggedModelRoutes } from "./logged-model-routes.ts";
import { LoggedModelStore } from "./logged-model-store.ts";
import { metricRoutes } from "./metric-routes.ts";
import { MetricStore } from "./metric-store.ts";
import type { Tracking } from "./ports.ts";
import { runRoutes } from "./run-routes.ts";
import { RunSearchStore } from "./run-search-store.ts";
import { RunStore } from "./run-store.ts";
import { runTableRoutes } from "./run-table-routes.ts";
import { serviceRoutes } from "./service-routes.ts";
import type { TrackingTables } from "./tables.ts";

/** Experiments, runs, metrics and artifacts: MLflow's API, and what other rooms ask of them. */
export function trackingRoom(platform: Platform): Room & { readonly tracking: Tracking } {
  const { clock, newId, objects } = platform;
  const database = platform.database as unknown as Database<TrackingTables>;
  const experiments = new ExperimentStore(database);
  const runs = new RunStore(database);
  const search = new RunSearchStore(database);
  const metrics = new MetricStore(database);
  const models = new LoggedModelStore(database);
  const newRunId = (): string => randomBytes(16).toString("hex");
  return {
    name: "tracking",
    routes: [
      ...serviceRoutes(),
      ...experimentRoutes({ experiments, clock, newId }),
      ...runRoutes({ experiments, runs, search, clock, newRunId }),
      ...metricRoutes({ search, metrics }),
      ...artifactRoutes({ search, objects }),
      ...loggedModelRoutes({ experiments, models, objects, clock, newRunId }),
      ...runTableRoutes({ experiments, search, metrics, objects, clock }),
    ],
    controllers: [],
    tracking: storedTracking({ experiments, runs, search, metrics, objects, clock, newId }),
  };
}
