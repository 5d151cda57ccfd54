import type { Instant } from "../../base/clock.ts";
import type { Forecast } from "../forecast/forecast-starts.ts";
import { type PastEstimate, WaitCalibrations } from "../forecast/wait-calibrations.ts";
import { type ClusterView, viewOf } from "./cluster-view.ts";
import type { QuotaUse } from "./model.ts";
import { forecastOf, type Outlook, outlookOf } from "./outlook.ts";
import { quotaUseOf } from "./quota-use.ts";

/** Outlooks are kept for so many workloads; the first to be looked at goes first. */
const outlooksMax = 200;

/** A view of the platform and all that was worked out from it, each once, for however many ask. */
export class KeptView {
  readonly view: ClusterView;
  /** When it was made: moments in its answers are reckoned from here. */
  readonly madeAt: Instant;
  /** What became of earlier estimates. */
  readonly waits: WaitCalibrations;
  readonly #outlooks = new Map<string, Outlook | null>();
  #forecast: Forecast | null = null;
  #quotaUse: readonly QuotaUse[] | null = null;

  constructor(view: ClusterView, madeAt: Instant, past: readonly PastEstimate[] = []) {
    this.view = view;
    this.madeAt = madeAt;
    this.waits = new WaitCalibrations(past);
  }

  /** When everything that waits starts, before it is corrected by `waits`. Cost, once: two plays of the world, within the bounds of `forecastOf`. */
  get forecast(): Forecast {
    this.#forecast ??= forecastOf(this.view, this.madeAt);
    return this.#forecast;
  }

  /** All that is known of a waiting workload; null when there is none of this id. Cost, once each: see `outlookOf`. */
  outlook(id: string): Outlook | null {
    const known = this.#outlooks.get(id);
    if (known !== undefined) return known;
    const outlook = outlookOf(this.view, id, this.madeAt, { forecast: () => this.forecast, waits: this.waits });
    this.#outlooks.set(id, outlook);
    if (this.#outlooks.size > outlooksMax) {
      const [first] = this.#outlooks.keys();
      if (first !== undefined) this.#outlooks.delete(first);
    }
    return outlook;
  }

  /** The quota tree in use. Cost, once: an engine of what holds places. */
  get quotaUse(): readonly QuotaUse[] {
    this.#quotaUse ??= this.#countQuotas();
    return this.#quotaUse;
  }

  #countQuotas(): readonly QuotaUse[] {
    const { world, surroundings, snapshot } = this.view;
    // Quotas count what is held: those that wait need not be told to the engine.
    const holding = world.workloads.filter((each) => each.state !== "queued" && each.state !== "preempted");
    const { engine } = viewOf({ ...world, workloads: holding, plans: [] }, snapshot.settings, this.madeAt);
    const waiting = new Map<string, number>();
    for (const each of world.workloads) {
      const queue = each.state === "queued" ? surroundings.queueOf(each) : undefined;
      if (queue !== undefined) waiting.set(queue, (waiting.get(queue) ?? 0) + 1);
    }
    return quotaUseOf(engine, world.declared.quota, waiting, this.madeAt);
  }
}
