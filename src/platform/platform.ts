import type { Clock } from "../base/clock.ts";
import type { Database } from "./database.ts";
import type { Gatekeeper, Log, ObjectStore } from "./ports.ts";
import type { Waker } from "./reconciler.ts";
import type { ResourceStore } from "./resource-store.ts";

/** What every room stands on. A room takes what it needs of it. */
export interface Platform {
  readonly database: Database;
  readonly resources: ResourceStore;
  readonly waker: Waker;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  /** A new id that sorts by time: 26 digits and lower-case letters. */
  readonly newId: () => string;
  readonly gatekeeper: Gatekeeper;
  /** Where state lives; each room keeps to a folder of its own in it. */
  readonly dataDirectory: string;
  /** Folders that users' paths may lie in. */
  readonly dataRoots: readonly string[];
  /** Where tasks reach the control plane, once it listens: `http://127.0.0.1:7700`. */
  readonly controlUrl: () => string;
}
