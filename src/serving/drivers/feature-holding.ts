import type { FeatureRow, FeatureVector, OnlineFeatures } from "../../features/ports.ts";
import { Fault } from "../../base/fault.ts";
import type { Instant } from "../../base/clock.ts";
import type { OnlineFeaturesModule, OnlineView, OpenOnlineFeatures } from "../ports.ts";

/** Where the online features lie and who opens them. */
export interface FeatureHoldingOptions {
  /** Address of a module that is an `OnlineFeaturesModule`. */
  readonly onlineModule: string;
  readonly onlineFolder: string;
  readonly views: readonly OnlineView[];
}

/**
 * The online features as one worker of several sees them: it holds them, or it does not and must not read or write, since the
 * store keeps rows in memory.
 */
export class FeatureHolding implements OnlineFeatures {
  readonly #options: FeatureHoldingOptions;
  #views: readonly OnlineView[];
  #open: OpenOnlineFeatures | undefined;
  readonly #writing = new Set<Promise<void>>();

  constructor(options: FeatureHoldingOptions) {
    this.#options = options;
    this.#views = options.views;
  }

  get isHeld(): boolean {
    return this.#open !== undefined;
  }

  /** Opens the store; nobody else may have it open. */
  async hold(): Promise<void> {
    const online = (await import(this.#options.onlineModule)) as OnlineFeaturesModule;
    this.#open = online.openLmdbOnlineStore(this.#options.onlineFolder, this.#views);
  }

  /** Ends what is being written and closes the store. */
  async release(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await Promise.allSettled(this.#writing);
    await open?.close();
  }

  setViews(views: readonly OnlineView[]): void {
    this.#views = views;
    this.#open?.setViews(views);
  }

  read(project: string, view: string, entity: readonly string[], at: Instant): FeatureVector {
    return this.#held().read(project, view, entity, at);
  }

  async append(project: string, view: string, rows: readonly FeatureRow[]): Promise<void> {
    const writing = this.#held().append(project, view, rows);
    this.#writing.add(writing);
    try {
      await writing;
    } finally {
      this.#writing.delete(writing);
    }
  }

  newest(project: string, view: string): Instant | null {
    return this.#held().newest(project, view);
  }

  #held(): OpenOnlineFeatures {
    if (this.#open !== undefined) return this.#open;
    throw new Fault(
      "serving.model-not-ready",
      "the online features are being handed to another worker of the gateway; try again in a moment",
    );
  }
}
