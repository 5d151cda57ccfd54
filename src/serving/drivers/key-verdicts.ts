import { hash } from "node:crypto";
import type { Clock, Instant, Millis } from "../../base/clock.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Action } from "../../platform/ports.ts";
import type { Admission } from "../gateway/messages.ts";

/** How long a good key is believed without asking again. */
export const freshMs: Millis = 10_000;

/** How long a good key is believed when the control plane cannot be asked. */
export const staleMs: Millis = 3_600_000;

/** How long a bad key is refused without asking again. */
export const refusedMs: Millis = 3_000;

/** Verdicts kept; the oldest go first. */
export const maxVerdicts = 10_000;

type Verdict =
  | { readonly kind: "admitted"; readonly at: Instant; readonly admission: Admission }
  | { readonly kind: "refused"; readonly at: Instant; readonly fault: Fault };

/** Asks the control plane about a key; throws `tenancy.*` faults when it is refused. */
export type AskAboutKey = (token: string, action: Action, project: string | null) => Promise<Admission>;

/**
 * Remembers for a while what the control plane said about keys, so that serving neither waits for it nor stops with it.
 * Keys are kept as SHA-256 only.
 */
export class KeyVerdicts {
  readonly #ask: AskAboutKey;
  readonly #clock: Clock;
  readonly #verdicts = new Map<string, Verdict>();
  readonly #asking = new Map<string, Promise<Admission>>();

  constructor(ask: AskAboutKey, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /**
   * The project in which a key may act.
   *
   * @throws {Fault} `tenancy.key-missing`, `tenancy.key-invalid`, `tenancy.key-expired`, `tenancy.forbidden`, or
   *   `serving.control-unavailable` when an unknown key came while the control plane cannot be asked.
   */
  async admit(token: string | undefined, action: Action, project: string | null): Promise<Admission> {
    if (token === undefined) {
      throw new Fault("tenancy.key-missing", "a request wants the header `Authorization: Bearer KEY`, found none");
    }
    const key = `${hash("sha256", token)}/${action}/${project ?? ""}`;
    const known = this.#verdicts.get(key);
    const age = known === undefined ? Number.POSITIVE_INFINITY : this.#clock.now() - known.at;
    if (known?.kind === "admitted" && age < freshMs) return known.admission;
    if (known?.kind === "refused" && age < refusedMs) throw known.fault;
    const asking = this.#asking.get(key) ?? this.#askOnce(key, token, action, project, known);
    return await asking;
  }

  #askOnce(
    key: string,
    token: string,
    action: Action,
    project: string | null,
    known: Verdict | undefined,
  ): Promise<Admission> {
    const asking = this.#learn(key, token, action, project, known).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  async #learn(
    key: string,
    token: string,
    action: Action,
    project: string | null,
    known: Verdict | undefined,
  ): Promise<Admission> {
    try {
      const admission = await this.#ask(token, action, project);
      this.#remember(key, { kind: "admitted", at: this.#clock.now(), admission });
      return admission;
    } catch (error) {
      if (isFault(error) && (error.kind === "unauthenticated" || error.kind === "forbidden")) {
        this.#remember(key, { kind: "refused", at: this.#clock.now(), fault: error });
        throw error;
      }
      if (known?.kind === "admitted" && this.#clock.now() - known.at < staleMs) return known.admission;
      throw new Fault(
        "serving.control-unavailable",
        "the key could not be checked, since the control plane does not answer; try again in a moment",
        { cause: error },
      );
    }
  }

  #remember(key: string, verdict: Verdict): void {
    this.#verdicts.delete(key);
    this.#verdicts.set(key, verdict);
    if (this.#verdicts.size <= maxVerdicts) return;
    const oldest = this.#verdicts.keys().next();
    if (oldest.done !== true) this.#verdicts.delete(oldest.value);
  }
}
