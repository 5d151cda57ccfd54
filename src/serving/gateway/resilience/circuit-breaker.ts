import type { Instant, Millis } from "../../../base/clock.ts";

/** Failures in a row after which a replica gets no requests for a while. */
export const failuresToOpen = 5;

/** How long it gets none: at first, and at most; each opening without a success between doubles it. */
export const firstOpenMs: Millis = 2_000;
export const longestOpenMs: Millis = 60_000;

type Circuit =
  | { readonly kind: "closed"; readonly failures: number }
  | { readonly kind: "open"; readonly until: Instant; readonly openMs: Millis }
  /** One request is on trial; until it ends there is no other. */
  | { readonly kind: "trying"; readonly since: Instant; readonly openMs: Millis };

const closed: Circuit = { kind: "closed", failures: 0 };

/**
 * Keeps requests away from one replica that fails: after `failuresToOpen` failures in a row it gets none for a while, then one on
 * trial, whose success lets all others in again.
 */
export class CircuitBreaker {
  #circuit: Circuit = closed;

  /** Whether a request may be sent now. Changes nothing, so that many replicas may be looked at. */
  admits(now: Instant): boolean {
    const circuit = this.#circuit;
    switch (circuit.kind) {
      case "closed":
        return true;
      case "open":
        return now >= circuit.until;
      case "trying":
        // A trial whose end was never told does not close the replica for ever.
        return now >= circuit.since + longestOpenMs;
    }
  }

  /** A request is sent: after an opening it is the one on trial. */
  sent(now: Instant): void {
    if (this.#circuit.kind === "closed") return;
    this.#circuit = { kind: "trying", since: now, openMs: this.#circuit.openMs };
  }

  succeeded(): void {
    this.#circuit = closed;
  }

  failed(now: Instant): void {
    const circuit = this.#circuit;
    if (circuit.kind === "open") return;
    if (circuit.kind === "trying") {
      const openMs = Math.min(longestOpenMs, circuit.openMs * 2);
      this.#circuit = { kind: "open", until: now + openMs, openMs };
      return;
    }
    const failures = circuit.failures + 1;
    this.#circuit =
      failures < failuresToOpen
        ? { kind: "closed", failures }
        : { kind: "open", until: now + firstOpenMs, openMs: firstOpenMs };
  }

  /** A request ended without telling anything of the replica: its caller went away. A trial is then free again. */
  forgotten(now: Instant): void {
    if (this.#circuit.kind === "trying") this.#circuit = { kind: "open", until: now, openMs: this.#circuit.openMs };
  }

  /** When the next request may be sent; `now` when it may at once. */
  opensAt(now: Instant): Instant {
    if (this.#circuit.kind === "open") return Math.max(now, this.#circuit.until);
    return this.#circuit.kind === "trying" ? this.#circuit.since + longestOpenMs : now;
  }
}
