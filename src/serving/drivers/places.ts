import type { Instant } from "../../base/clock.ts";
import type { AdmissionAsk, AdmissionQueue, AdmissionTicket, Shed } from "../gateway/admission/admission-queue.ts";
import type { WaitingRoom } from "../gateway/admission/waiting-room.ts";
import { type Refusal, serverRefusal } from "../gateway/protocol/refusal.ts";

/** How a request's wait for a place ended. */
export type Wait =
  /** `ticket` is for exactly one `release`; null where the request was held for a replica. */
  | { readonly kind: "admitted"; readonly ticket: AdmissionTicket | null }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "gone" };

/** A request that waits, and how to end its wait since its caller went away. */
interface Waiting {
  readonly wait: Promise<Wait>;
  readonly cancel: () => void;
}

const woken: Wait = { kind: "admitted", ticket: null };

/** Holds the requests that wait for a place at a deployment. */
export class Places {
  /** Those that are held until there is a replica. */
  readonly #held = new Map<string, (wait: Wait) => void>();
  readonly #queues = new Set<AdmissionQueue>();
  readonly #rooms = new Set<WaitingRoom>();

  /** Asks for a place; a request that need not wait has its ticket at once. */
  take(queue: AdmissionQueue, ask: AdmissionAsk, now: Instant): Wait | Waiting {
    const answer = queue.offer(ask, now);
    if (answer.kind === "shed") return refusedBy(answer);
    if (answer.kind === "admitted") return { kind: "admitted", ticket: answer };
    this.#queues.add(queue);
    return this.#waitFor(queue, answer);
  }

  #waitFor(queue: AdmissionQueue, ticket: AdmissionTicket): Waiting {
    const { promise: wait, resolve } = Promise.withResolvers<Wait>();
    const onTurn = (turn: "admitted" | Shed): void =>
      resolve(turn === "admitted" ? { kind: "admitted", ticket } : refusedBy(turn));
    ticket.onTurn = onTurn;
    const cancel = (): void => {
      if (queue.cancel(ticket)) resolve({ kind: "gone" });
    };
    return { wait, cancel };
  }

  /** Holds a request until a replica is there. */
  hold(room: WaitingRoom, id: string, deadline: Instant, now: Instant): Wait | Waiting {
    const answer = room.hold(id, deadline, now);
    if (answer.kind === "shed") {
      const message = "the deployment has no replica, and as many requests wait for one as may";
      return { kind: "refused", refusal: serverRefusal(503, "model_not_ready", message, answer.retryAfterMs) };
    }
    this.#rooms.add(room);
    const { promise: wait, resolve } = Promise.withResolvers<Wait>();
    this.#held.set(id, resolve);
    const cancel = (): void => {
      if (!this.#held.delete(id)) return;
      room.cancel(id);
      resolve({ kind: "gone" });
    };
    return { wait, cancel };
  }

  /** Gives a place back; once for each that was admitted. */
  release(queue: AdmissionQueue, ticket: AdmissionTicket, actualCost: number, now: Instant): void {
    this.admit(queue.release(ticket, actualCost, now));
  }

  /** Lets these requests go on. */
  admit(tickets: readonly AdmissionTicket[]): void {
    for (const ticket of tickets) ticket.onTurn?.("admitted");
  }

  /** Lets those go on that were held until there was a replica. */
  wake(ids: readonly string[]): void {
    for (const id of ids) this.#settle(id, woken);
  }

  /** Refuses those that have waited too long. */
  tick(now: Instant): void {
    for (const queue of this.#queues) {
      for (const ticket of queue.expire(now)) {
        ticket.onTurn?.({ kind: "shed", why: "late", retryAfterMs: queue.retryAfterMs("default", now) });
      }
      if (queue.waiting === 0) this.#queues.delete(queue);
    }
    for (const room of this.#rooms) {
      for (const id of room.expire(now)) {
        const message = "no replica was ready in the time that the deployment holds requests; try again";
        const refusal = serverRefusal(503, "model_not_ready", message, room.retryAfterMs(now));
        this.#settle(id, { kind: "refused", refusal });
      }
      if (room.size === 0) this.#rooms.delete(room);
    }
  }

  #settle(id: string, wait: Wait): void {
    const settle = this.#held.get(id);
    this.#held.delete(id);
    settle?.(wait);
  }
}

function refusedBy(shed: Shed): Wait {
  return { kind: "refused", refusal: shedRefusal(shed) };
}

function shedRefusal({ why, retryAfterMs }: Shed): Refusal {
  switch (why) {
    case "full":
      return serverRefusal(429, "overloaded", "as many requests wait as the deployment lets wait", retryAfterMs);
    case "no-endpoint":
      return serverRefusal(503, "model_not_ready", "the deployment has no place for any request now", retryAfterMs);
    case "late":
      return serverRefusal(
        503,
        "queue_timeout",
        "no place became free within the deployment's queue timeout; try again, or add replicas",
        retryAfterMs,
      );
  }
}
