import type { ServerResponse } from "node:http";
import type { GgufTask } from "../runtimes/replica-files.ts";
import type { LoadedGguf } from "./load-gguf.ts";

/** What answering takes. */
export interface GgufGround {
  readonly task: GgufTask;
  readonly loaded: LoadedGguf;
  readonly newId: () => string;
  readonly nowSeconds: () => number;
}

/** A request on its way through the replica. */
export interface GgufExchange {
  readonly body: unknown;
  readonly response: ServerResponse;
  /** Fires when the caller goes away. */
  readonly signal: AbortSignal;
}
