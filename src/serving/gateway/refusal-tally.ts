import type { Instant } from "../../base/clock.ts";
import type { RefusalReason } from "./observe/model.ts";
import { windowMs } from "./traffic-tally.ts";

/** Sums that are kept apart until they are taken; refusals beyond are counted for no project. */
export const refusalSumsMax = 2_000;

/** Requests that were refused before any replica was asked, in one second. */
export interface RefusalWindow {
  /** Empty where the key was not let in. */
  readonly project: string;
  /** Empty where no deployment was found. */
  readonly deployment: string;
  readonly reason: RefusalReason;
  readonly startsAt: Instant;
  readonly requests: number;
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** Sums refusals by whose they are and why until they are taken. */
export class RefusalTally {
  #open = new Map<string, Mutable<RefusalWindow>>();

  record(
    { project, deployment, reason }: Pick<RefusalWindow, "project" | "deployment" | "reason">,
    now: Instant,
  ): void {
    const startsAt = Math.floor(now / windowMs) * windowMs;
    const isFull = this.#open.size >= refusalSumsMax;
    const key = `${project}/${deployment}/${reason}/${startsAt}`;
    const known = this.#open.get(key);
    if (known !== undefined) known.requests += 1;
    else if (isFull && project !== "") this.record({ project: "", deployment: "", reason }, now);
    else this.#open.set(key, { project, deployment, reason, startsAt, requests: 1 });
  }

  /** Takes all that was summed since the last call. */
  take(): readonly RefusalWindow[] {
    const taken = [...this.#open.values()];
    this.#open = new Map();
    return taken;
  }
}
