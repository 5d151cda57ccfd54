import type { Datasets } from "../data/ports.ts";
import type { Platform } from "../platform/platform.ts";
import type { Room } from "../platform/room.ts";
import { modelController } from "./controller.ts";
import type { ModelRegistry, ModelUses } from "./ports.ts";
import { registryRoutes } from "./routes.ts";
import { RegistryStore } from "./store.ts";

export interface RegistryRoom extends Room {
  readonly registry: ModelRegistry;
}

/** Models, their versions, aliases, approvals and lineage. */
export function registryRoom(
  platform: Platform,
  needs: { readonly datasets: Datasets; readonly uses: ModelUses },
): RegistryRoom {
  const store = new RegistryStore(platform.database as never, platform.clock);
  return {
    name: "registry",
    routes: registryRoutes({ platform, store, ...needs }),
    controllers: [modelController(platform, store)],
    registry: store,
  };
}
