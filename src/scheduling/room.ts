import type { WorkloadQueue, Workloads } from "../compute/ports.ts";
import type { Platform } from "../platform/platform.ts";
import type { Room } from "../platform/room.ts";
import { SchedulingController } from "./controller.ts";
import { EstimateController } from "./estimate-controller.ts";
import { EstimateStore } from "./estimate-store.ts";
import { ClusterViews, type WorldReader } from "./live/cluster-views.ts";
import { LiveForecasts } from "./drivers/live-forecasts.ts";
import { liveSettings } from "./live/engine-settings.ts";
import type { QueueForecasts } from "./ports.ts";
import { ReservationController } from "./reservations/reservation-controller.ts";
import { planRoutes } from "./plan-routes.ts";
import { queueRoutes } from "./routes.ts";
import { SchedulingStore } from "./scheduling-store.ts";

export interface SchedulingRoom extends Room {
  readonly forecasts: QueueForecasts;
}

/** Decides which workload gets which place, and says why the others wait. */
export function schedulingRoom(
  platform: Platform,
  needs: { readonly queue: WorkloadQueue; readonly workloads: Workloads },
): SchedulingRoom {
  const { queue, workloads } = needs;
  const { database, resources, gatekeeper, clock } = platform;
  const store = new SchedulingStore(database, queue);
  const estimates = new EstimateStore(database);
  const reader: WorldReader = {
    place: async () => await store.place(),
    world: async () => await store.world(),
    past: async () => await estimates.past(),
  };
  const views = new ClusterViews(reader, liveSettings, clock);
  return {
    name: "scheduling",
    forecasts: new LiveForecasts(store, clock),
    routes: [
      ...queueRoutes({ queue, workloads, store, estimates, views, resources, gatekeeper }),
      ...planRoutes({ views, gatekeeper, clock }),
    ],
    controllers: [
      new SchedulingController({
        store,
        settings: liveSettings,
        clock,
      }),
      new ReservationController(platform),
      new EstimateController({ store: estimates, views, clock }),
    ],
  };
}
