import type { TryGround } from "./upstream-try.ts";

/** What a replica is sent. */
export interface UpstreamRequest {
  /** Begins with the protocol's own path. */
  readonly path: string;
  /** Names and values in turn; those that every protocol has are added. */
  readonly headers: readonly string[];
  /** In one piece, or in parts that follow each other. */
  readonly body: Uint8Array | readonly Uint8Array[];
}

/** How a protocol asks a replica and reads what it answers. */
export interface ModelCall extends Pick<TryGround, "isStream" | "stripsUsage" | "wantsBase64" | "answersTensors"> {
  /** @param model the name that the model has at the replica. */
  toUpstream(model: string): UpstreamRequest;
}
