import type { Clock } from "../../base/clock.ts";
import type { EngineSettings } from "../engine/model.ts";
import type { PastEstimate } from "../forecast/wait-calibrations.ts";
import { viewOf } from "./cluster-view.ts";
import { KeptView } from "./kept-view.ts";
import type { World } from "./world.ts";

/** Where views are read from. */
export interface WorldReader {
  /** Names the state of the platform: it differs as soon as an event was logged or a pass had its turn. */
  place(): Promise<string>;
  /** The state, as it was at or after the moment of the call. */
  world(): Promise<World>;
  /** What became of earlier estimates of starts, the oldest start first. */
  past(): Promise<readonly PastEstimate[]>;
}

/** What is being made, and for which place. */
interface Making {
  readonly place: string;
  readonly view: Promise<KeptView>;
}

/**
 * The latest view of the platform for all who only look: made once for each place, kept until there is a later one, and
 * never made twice at the same time.
 *
 * Nobody gets a view that is older than their question; but plans may be those of before a pass that is under way.
 */
export class ClusterViews {
  readonly #reader: WorldReader;
  readonly #settings: EngineSettings;
  readonly #clock: Clock;
  #kept: { readonly place: string; readonly view: KeptView } | null = null;
  #making: Making | null = null;

  constructor(reader: WorldReader, settings: EngineSettings, clock: Clock) {
    this.#reader = reader;
    this.#settings = settings;
    this.#clock = clock;
  }

  /** The view of now. Cost: one row of the database, or that of a restart of the scheduler once for each place. */
  async latest(): Promise<KeptView> {
    const place = await this.#reader.place();
    if (this.#kept?.place === place) return this.#kept.view;
    // What is being made for another place may have been read before this question was asked.
    if (this.#making !== null && this.#making.place !== place) await this.#making.view.catch(() => undefined);
    this.#making ??= { place, view: this.#make(place) };
    return await this.#making.view;
  }

  async #make(place: string): Promise<KeptView> {
    try {
      const [world, past] = await Promise.all([this.#reader.world(), this.#reader.past()]);
      const now = this.#clock.now();
      const view = new KeptView(viewOf(world, this.#settings, now), now, past);
      this.#kept = { place, view };
      return view;
    } finally {
      this.#making = null;
    }
  }
}
