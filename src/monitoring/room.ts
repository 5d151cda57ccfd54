import type { SqlEngine } from "../data/ports.ts";
import type { EvaluationReports } from "../evaluation/ports.ts";
import type { Platform } from "../platform/platform.ts";
import type { Room } from "../platform/room.ts";
import type { ModelRegistry } from "../registry/ports.ts";
import type { PredictionLog } from "../serving/ports.ts";
import { driftMonitorController } from "./controller.ts";
import { monitoringRoutes } from "./routes.ts";
import { MonitoringStore } from "./store.ts";

/** Drift monitors, their reports, alerts, and the trigger to retrain. */
export function monitoringRoom(
  platform: Platform,
  needs: {
    readonly registry: ModelRegistry;
    readonly reports: EvaluationReports;
    readonly predictions: PredictionLog;
    readonly sqlEngine: SqlEngine;
  },
): Room {
  const store = new MonitoringStore(platform.database as never);
  return {
    name: "monitoring",
    routes: monitoringRoutes(platform, store),
    controllers: [driftMonitorController({ platform, store, ...needs })],
  };
}
