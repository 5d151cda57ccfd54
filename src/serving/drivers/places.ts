import type { Instant, Millis } from "../../base/clock.ts";
import type { AdmissionAsk, AdmissionQueue, ShedReason } from "../gateway/admission/admission-queue.ts";
import type { WaitingRoom } from "../gateway/admission/waiting-room.ts";
import { type Refusal, serverRefusal } from "../gateway/protocol/refusal.ts";

/** How a request's wait for a place ended. */
export type Wait =
  | { readonly kind: "admitted" }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "gone" };

/** A request that waits, and how to end its wait since its caller went away. */
interface Waiting {
  readonly wait: Promise<Wait>;
  readonly cancel: () => void;
}

const admitted: Wait = { kind: "admitted" };

/** Holds the requests that wait for a place at a deployment. */
export class Places {
  readonly #waiting = new Map<string, (wait: Wait) => void>();
  readonly #queues = new Set<AdmissionQueue>();
  readonly #rooms = new Set<WaitingRoom>();

  /** Asks for a place; a request that need not wait has its answer at once. */
  take(queue: AdmissionQueue, ask: AdmissionAsk, now: Instant): Wait | Waiting {
    const answer = queue.offer(ask, now);
    if (answer.kind === "admitted") return admitted;
    if (answer.kind === "shed") {
      return { kind: "refused", refusal: shedRefusal(answer.why, answer.retryAfterMs) };
    }
    this.#queues.add(queue);
    return this.#waitFor(ask.id, () => queue.cancel(ask.id));
  }

  #waitFor(id: string, giveUp: () => void): Waiting {
    let settle: (wait: Wait) => void = () => undefined;
    const wait = new Promise<Wait>((resolve) => {
      settle = resolve;
    });
    this.#waiting.set(id, settle);
    const cancel = (): void => {
      if (!this.#waiting.delete(id)) return;
      giveUp();
      settle({ kind: "gone" });
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
    return this.#waitFor(id, () => room.cancel(id));
  }

  /** Gives a place back; once for each that was admitted. */
  release(queue: AdmissionQueue, id: string, actualCost: number, now: Instant): void {
    this.admit(queue.release(id, actualCost, now));
  }

  /** Lets these requests go on. */
  admit(ids: readonly string[]): void {
    for (const id of ids) this.#settle(id, admitted);
  }

  /** Refuses those that have waited too long. */
  tick(now: Instant): void {
    for (const queue of this.#queues) {
      for (const id of queue.expire(now)) {
        this.#settle(id, { kind: "refused", refusal: shedRefusal("late", queue.retryAfterMs("default", now)) });
      }
    }
    for (const room of this.#rooms) {
      for (const id of room.expire(now)) {
        const message = "no replica was ready in the time that the deployment holds requests; try again";
        const refusal = serverRefusal(503, "model_not_ready", message, room.retryAfterMs(now));
        this.#settle(id, { kind: "refused", refusal });
      }
    }
    if (this.#waiting.size > 0) return;
    this.#queues.clear();
    this.#rooms.clear();
  }

  #settle(id: string, wait: Wait): void {
    const settle = this.#waiting.get(id);
    this.#waiting.delete(id);
    settle?.(wait);
  }
}

function shedRefusal(why: ShedReason, retryAfterMs: Millis): Refusal {
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
