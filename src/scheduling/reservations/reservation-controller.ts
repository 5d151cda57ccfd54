import type { Clock } from "../../base/clock.ts";
import { poolKind } from "../../compute/model.ts";
import type { Controller, Lease, NextVisit } from "../../platform/controller.ts";
import { type Resource, withCondition } from "../../platform/resource.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Waker } from "../../platform/reconciler.ts";
import type { ResourceStore } from "../../platform/resource-store.ts";
import { reservationKind, type ReservationSpec, type ReservationStatus } from "./model.ts";
import { placeReservation, spanOf } from "./place-reservation.ts";

/** How often one looks again that waits for its pool, or was refused. */
const lookAgainMs = 5_000;
/** How often one that is placed looks whether its nodes are there still. */
const slowLookMs = 60_000;

/** Prefix of keys that stand for all reservations of a pool. */
const poolPrefix = "pool:";

/** Chooses the nodes of reservations, and says when they begin and end. */
export class ReservationController implements Controller {
  readonly name = "reservation";
  /** One at a time: two that are placed at once could choose the same nodes. */
  readonly concurrency = 1;
  readonly #resources: ResourceStore;
  readonly #waker: Waker;
  readonly #clock: Clock;

  constructor({ resources, waker, clock }: Pick<Platform, "resources" | "waker" | "clock">) {
    this.#resources = resources;
    this.#waker = waker;
    this.#clock = clock;
  }

  readonly keysOf: Controller["keysOf"] = ({ subject, verb }) => {
    if (subject.kind === poolKind.kind) return [`${poolPrefix}${subject.name}`];
    return subject.kind === reservationKind.kind && verb !== "observed" ? [subject.name] : [];
  };

  async reconcile(key: string, lease: Lease): Promise<NextVisit> {
    if (key.startsWith(poolPrefix)) return await this.#wakeThoseOf(key.slice(poolPrefix.length));
    return await this.#visit(key, lease);
  }

  /** The pool's nodes may be others than before. */
  async #wakeThoseOf(pool: string): Promise<NextVisit> {
    const all = await this.#resources.list(reservationKind);
    const own = all.filter(({ spec, status }) => spec.pool === pool && status.phase !== "over");
    await Promise.all(own.map(({ name }) => this.#waker.wake(this.name, name)));
    return { kind: "settled" };
  }

  async #visit(name: string, lease: Lease): Promise<NextVisit> {
    const all = await this.#resources.list(reservationKind);
    const reservation = all.find((each) => each.name === name);
    if (reservation === undefined) return { kind: "settled" };
    const pool = await this.#resources.get(poolKind, null, reservation.spec.pool);
    const nodes = pool?.status.nodes.map((node) => node.name) ?? [];
    const now = this.#clock.now();
    const placement = placeReservation(reservation, nodes.length === 0 ? null : nodes, all, now);
    await this.#tell(reservation, placement, lease, now);
    return nextVisit(reservation.spec, placement.phase, now);
  }

  async #tell(
    reservation: Resource<ReservationSpec, ReservationStatus>,
    placement: Omit<ReservationStatus, "conditions">,
    lease: Lease,
    now: number,
  ): Promise<void> {
    const isPlaced = placement.phase === "scheduled" || placement.phase === "active";
    const conditions = withCondition(reservation.status.conditions, {
      type: "Placed",
      status: isPlaced ? "true" : "false",
      reason: placement.phase === "refused" ? "Refused" : isPlaced ? "NodesChosen" : "NotNow",
      message: placement.message,
      since: now,
    });
    const message = `reservation ${reservation.name}: ${placement.message}`;
    const status = { ...placement, conditions: [...conditions] };
    await this.#resources.observe(reservationKind, reservation, status, { lease, message });
  }
}

function nextVisit(spec: ReservationSpec, phase: ReservationStatus["phase"], now: number): NextVisit {
  const { start, end } = spanOf(spec);
  switch (phase) {
    case "over":
      return { kind: "settled" };
    case "pending":
    case "refused":
      return { kind: "again", afterMs: lookAgainMs };
    case "scheduled":
      return { kind: "again", afterMs: Math.max(1, Math.min(slowLookMs, start - now)) };
    case "active":
      return { kind: "again", afterMs: Math.max(1, Math.min(slowLookMs, end - now)) };
  }
}
