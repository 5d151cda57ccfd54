import type { Readable } from "node:stream";

/** Writes structured events; the message is constant, what varies goes into the fields. Never secrets. */
export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** A log whose every line carries these fields. */
  with(fields: Readonly<Record<string, unknown>>): Log;
}

/** One stored object. */
export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
}

/**
 * Blobs by key. Keys are relative paths with `/`; `..`, empty parts and leading slashes are refused.
 * A put is atomic: a reader sees the old object, the new one, or none, never a part.
 */
export interface ObjectStore {
  /** @throws {Fault} `platform.disk-full` when there is no room; nothing half-written stays. */
  put(key: string, content: Readable | Uint8Array): Promise<ObjectInfo>;
  /** @throws {Fault} `platform.not-found` when there is no such object. */
  get(key: string): Promise<{ readonly info: ObjectInfo; readonly content: Readable }>;
  head(key: string): Promise<ObjectInfo | undefined>;
  /** Objects whose key starts with `prefix`, by key, at most `limit`. */
  list(prefix: string, limit: number): Promise<readonly ObjectInfo[]>;
  delete(key: string): Promise<void>;
  /**
   * A local file that holds the object, for engines that read files. The directory driver gives its own file;
   * others fetch into a cache. The caller must not write to it.
   */
  localPath(key: string): Promise<string>;
}

/** What people and programs may do. Each action includes the ones before it. */
export type Action = "read" | "write" | "approve" | "administer";

/** Who is asking. */
export interface Caller {
  readonly identity: string;
  /** The project that the key is bound to (a running task's key), else null. */
  readonly project: string | null;
  /** The id of the API key; absent for whoever came without one. */
  readonly key?: string;
}

/** Decides who is asking and what they may do; deny by default. */
export interface Gatekeeper {
  /** @throws {Fault} `tenancy.key-missing`, `tenancy.key-invalid`, `tenancy.key-expired`. */
  authenticate(token: string | undefined): Promise<Caller>;
  /**
   * Lets the action pass or throws. `project` null asks for a right on the whole platform.
   * @throws {Fault} `tenancy.forbidden`.
   */
  authorise(caller: Caller, action: Action, project: string | null): Promise<void>;
  /** The projects that the caller may read, or null for all of them. */
  readableProjects(caller: Caller): Promise<readonly string[] | null>;
}
