import { setTimeout as pause } from "node:timers/promises";
import type { Millis } from "../../base/clock.ts";
import { type GatewayState, readGatewayState } from "./gateway-files.ts";

/** How long the gateway may take to stop before it is ended. */
const stopTimeoutMs: Millis = 6_000;

/** How often the wait looks again. */
const lookMs: Millis = 20;

/** Ends a gateway: asks it, then kills it. */
export async function endGateway(state: GatewayState): Promise<void> {
  process.kill(state.pid, "SIGTERM");
  const endsAt = performance.now() + stopTimeoutMs;
  const runs = (): boolean => readGatewayState(state.settings.folder)?.pid === state.pid;
  while (runs() && performance.now() < endsAt) await pause(lookMs);
  if (runs()) process.kill(state.pid, "SIGKILL");
}
