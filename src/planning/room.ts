import type { Platform } from "../platform/platform.ts";
import type { Room } from "../platform/room.ts";
import { PlannerThreads } from "./drivers/planner-threads.ts";
import { planningRoutes } from "./routes.ts";

/** Answers what to buy next, and how wrong that may be. */
export function planningRoom({ clock }: Pick<Platform, "clock">): Room {
  const planner = new PlannerThreads();
  return {
    name: "planning",
    routes: planningRoutes({ planner, clock }),
    controllers: [],
    async stop() {
      await planner.stop();
    },
  };
}
