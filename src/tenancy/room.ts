import type { Database } from "../platform/database.ts";
import type { Gatekeeper } from "../platform/ports.ts";
import type { Room } from "../platform/room.ts";
import type { Clock } from "../base/clock.ts";
import { Identities } from "./drivers/identities.ts";
import { storedGatekeeper } from "./drivers/gatekeeper.ts";
import { tenancyRoutes } from "./routes.ts";
import { TenancyStore } from "./store.ts";

export interface TenancyRoom extends Room {
  readonly gatekeeper: Gatekeeper;
  readonly identities: Identities;
}

/** Teams, projects, identities, roles and keys. */
export function tenancyRoom(needs: {
  readonly database: Database;
  readonly clock: Clock;
  readonly newId: () => string;
}): TenancyRoom {
  const store = new TenancyStore(needs.database as never);
  const gatekeeper = storedGatekeeper(store, needs.clock);
  const identities = new Identities(store, needs.clock, needs.newId);
  return { name: "tenancy", routes: tenancyRoutes(identities, gatekeeper), controllers: [], gatekeeper, identities };
}
