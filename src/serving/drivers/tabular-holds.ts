import type { Clock } from "../../base/clock.ts";
import { WaitingRoom } from "../gateway/admission/waiting-room.ts";
import type { RoutingTable, TabularRoute } from "../gateway/routing-table.ts";
import type { ModelAnswer } from "./model-answer.ts";
import type { Places, Wait } from "./places.ts";

/** A request is held for as long as its route says, and no longer than this. */
const longestHoldMs = 86_400_000;

/** Holds requests of tabular deployments whose last replica an update let go, until there is one again. */
export class TabularHolds {
  readonly #places: Places;
  readonly #clock: Clock;
  readonly #rooms = new Map<string, WaitingRoom>();
  #count = 0;

  constructor(places: Places, clock: Clock) {
    this.#places = places;
    this.#clock = clock;
  }

  /** Whether the route has no replica, and requests wait until it has. */
  isAsleep({ hold, versions }: TabularRoute): boolean {
    return hold !== undefined && versions.every(({ replicas }) => replicas.length === 0);
  }

  /** Waits until the table in force has a replica for it, the caller goes away, or its time is over. */
  async wait(route: TabularRoute, answer: Pick<ModelAnswer, "onGone">): Promise<Wait> {
    const now = this.#clock.now();
    this.#count += 1;
    // Others that wait for replicas are named by numbers alone.
    const id = `rows-${this.#count}`;
    const taken = this.#places.hold(this.#roomOf(route), id, now + (route.hold?.maxMs ?? 0), now);
    if (!("wait" in taken)) return taken;
    const stopListening = answer.onGone(() => taken.cancel());
    try {
      return await taken.wait;
    } finally {
      stopListening();
    }
  }

  /** Lets those go on that waited for what this table has, or for what it does not have at all. */
  setTable(table: RoutingTable): void {
    const asleep = new Set(
      table.routes.flatMap((route) => (route.kind === "tabular" && this.isAsleep(route) ? [keyOf(route)] : [])),
    );
    for (const [key, room] of this.#rooms) {
      if (asleep.has(key)) continue;
      this.#rooms.delete(key);
      this.#places.wake(room.open(this.#clock.now()));
    }
  }

  #roomOf(route: TabularRoute): WaitingRoom {
    const key = keyOf(route);
    const known = this.#rooms.get(key);
    if (known !== undefined) return known;
    const room = new WaitingRoom({ heldMax: route.hold?.heldMax ?? 0, holdMaxMs: longestHoldMs });
    this.#rooms.set(key, room);
    return room;
  }
}

function keyOf({ project, deployment }: TabularRoute): string {
  return `${project}/${deployment}`;
}
