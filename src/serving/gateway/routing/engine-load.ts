import type { Instant } from "../../../base/clock.ts";

/** What an inference engine says about itself in its metrics; null where it does not say. */
export interface EngineLoad {
  /** Requests that it works on. */
  readonly running: number;
  /** Requests that wait inside it. */
  readonly waiting: number;
  /** Part of its KV cache that is in use, 0 to 1. */
  readonly kvUsage: number | null;
  /** Tokens that its KV cache holds. */
  readonly kvTokens: number | null;
  readonly adapters: AdapterLoad | null;
}

/** Which LoRA adapters an engine has at work. */
export interface AdapterLoad {
  readonly running: readonly string[];
  readonly waiting: readonly string[];
  /** Adapters that fit at once; null when the engine does not say. */
  readonly max: number | null;
}

/** What an engine last said of its own work, and when. */
export interface EngineWord extends Pick<EngineLoad, "running" | "waiting" | "kvUsage"> {
  readonly at: Instant;
}
