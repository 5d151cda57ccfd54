import type { WorkloadQueue, Workloads } from "../compute/ports.ts";
import type { Platform } from "../platform/platform.ts";
import type { Room } from "../platform/room.ts";
import { SchedulingController } from "./controller.ts";
import { placeWorkloads } from "./place-workloads.ts";
import { schedulingRoutes } from "./routes.ts";

/** Decides which workload gets which place, and says why the others wait. */
export function schedulingRoom(
  platform: Platform,
  needs: { readonly queue: WorkloadQueue; readonly workloads: Workloads },
): Room {
  const { queue, workloads } = needs;
  const { resources, gatekeeper } = platform;
  return {
    name: "scheduling",
    routes: schedulingRoutes({ queue, workloads, resources, gatekeeper }),
    controllers: [new SchedulingController(queue, placeWorkloads)],
  };
}
