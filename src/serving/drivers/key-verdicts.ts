import { hash } from "node:crypto";
import type { Clock, Instant, Millis } from "../../base/clock.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { Action } from "../../platform/ports.ts";
import type { Admission } from "../gateway/messages.ts";
import { FewAtOnce } from "./few-at-once.ts";

/** How long a good key is believed without asking again. */
export const freshMs: Millis = 10_000;

/** How long a good key is believed when the control plane cannot be asked. */
export const staleMs: Millis = 3_600_000;

/** How long a bad key is refused without asking again. */
export const refusedMs: Millis = 3_000;

/** Good keys that are remembered, and bad ones; the oldest go first. Kept apart, so that no flood of bad keys drives good ones out. */
export const maxVerdicts = 10_000;

/** Keys that nobody has asked about before and are asked about at once, and that wait to be. */
const unknownAtOnce = 32;
const unknownWaiting = 1_000;

type Verdict =
  | { readonly kind: "admitted"; readonly at: Instant; readonly admission: Admission }
  | { readonly kind: "refused"; readonly at: Instant; readonly fault: Fault };

/** Asks the control plane about a key; throws `tenancy.*` faults when it is refused. */
export type AskAboutKey = (token: string, action: Action, project: string | null) => Promise<Admission>;

/**
 * Remembers for a while what the control plane said about keys, so that serving neither waits for it nor stops with it.
 * Keys are kept as SHA-256 only, and looked up by it, so that how long a look takes tells nothing of any key. A flood of keys that
 * nobody knows is asked about a few at once and refused beyond; callers whose key was good before never wait behind it.
 */
export class KeyVerdicts {
  readonly #ask: AskAboutKey;
  readonly #clock: Clock;
  readonly #admitted = new Map<string, Extract<Verdict, { kind: "admitted" }>>();
  readonly #refused = new Map<string, Extract<Verdict, { kind: "refused" }>>();
  readonly #unknown = new FewAtOnce(unknownAtOnce, unknownWaiting);
  readonly #asking = new Map<string, Promise<Admission>>();

  constructor(ask: AskAboutKey, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** What is known of a key without asking: its admission, if it was good a moment ago, else null. */
  fresh(token: string, action: Action, project: string | null): Admission | null {
    const known = this.#admitted.get(keyOf(token, action, project));
    return known !== undefined && this.#clock.now() - known.at < freshMs ? known.admission : null;
  }

  /**
   * The project in which a key may act.
   *
   * @throws {Fault} `tenancy.key-missing`, `tenancy.key-invalid`, `tenancy.key-expired`, `tenancy.forbidden`;
   *   `serving.overloaded` when too many keys are unknown; `serving.control-unavailable` when an unknown key came while the
   *   control plane cannot be asked.
   */
  async admit(token: string | undefined, action: Action, project: string | null): Promise<Admission> {
    if (token === undefined) {
      throw new Fault("tenancy.key-missing", "a request wants the header `Authorization: Bearer KEY`, found none");
    }
    const key = keyOf(token, action, project);
    const known = this.#admitted.get(key) ?? this.#refused.get(key);
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
      const ask = async (): Promise<Admission> => await this.#ask(token, action, project);
      const admission = await (known?.kind === "admitted" ? ask() : this.#unknown.run(ask));
      this.#refused.delete(key);
      remember(this.#admitted, key, { kind: "admitted", at: this.#clock.now(), admission });
      return admission;
    } catch (error) {
      if (isFault(error, "serving.overloaded")) throw error;
      if (isFault(error) && (error.kind === "unauthenticated" || error.kind === "forbidden")) {
        this.#admitted.delete(key);
        remember(this.#refused, key, { kind: "refused", at: this.#clock.now(), fault: error });
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
}

function keyOf(token: string, action: Action, project: string | null): string {
  return `${hash("sha256", token)}/${action}/${project ?? ""}`;
}

function remember<Kept extends Verdict>(verdicts: Map<string, Kept>, key: string, verdict: Kept): void {
  verdicts.delete(key);
  verdicts.set(key, verdict);
  if (verdicts.size <= maxVerdicts) return;
  const oldest = verdicts.keys().next();
  if (oldest.done !== true) verdicts.delete(oldest.value);
}
