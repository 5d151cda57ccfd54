import type { Platform } from "../platform/platform.ts";
import type { Room } from "../platform/room.ts";
import type { Identities } from "../tenancy/drivers/identities.ts";
import type { ServerConfig } from "./config.ts";

/** What the rooms need beyond the platform itself. */
export interface RoomNeeds {
  readonly config: ServerConfig;
  /** For processes and threads that hold their own connection. Holds a password: never log it. */
  readonly databaseUrl: string;
  readonly identities: Identities;
}

/** Opens every room, lower ones first, and gives each what it needs of the others. */
export function openRooms(
  _platform: Platform,
  _needs: RoomNeeds,
): { readonly rooms: readonly Room[]; readonly gatewayUrl: () => string | null } {
  return { rooms: [], gatewayUrl: () => null };
}
