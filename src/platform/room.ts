import type { Controller } from "./controller.ts";
import type { Route } from "./route.ts";

/** What a room gives to the server: its HTTP surface, its reconcile loops, and what must be started and stopped. */
export interface Room {
  readonly name: string;
  readonly routes: readonly Route[];
  readonly controllers: readonly Controller[];
  /** Called in order once the database is up; resolves when the room is ready. */
  start?(signal: AbortSignal): Promise<void>;
  /** Called in reverse order; must resolve within 5 s. */
  stop?(): Promise<void>;
}
