import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock, Instant, Millis } from "../src/base/clock.ts";
import type { Controller } from "../src/platform/controller.ts";
import { openDirectoryObjectStore } from "../src/platform/directory-object-store.ts";
import { silentLog } from "../src/platform/log.ts";
import type { Platform } from "../src/platform/platform.ts";
import type { Gatekeeper, Log } from "../src/platform/ports.ts";
import { Reconciler } from "../src/platform/reconciler.ts";
import { PostgresResourceStore } from "../src/platform/resource-store.ts";
import { idsFrom } from "../src/platform/system.ts";
import { kinds } from "../src/server/kinds.ts";
import { freshDatabase } from "./database.ts";

/** A clock that stands still until it is moved. */
export interface TestClock extends Clock {
  set(instant: Instant): void;
  advance(span: Millis): void;
}

export function testClock(start: Instant = Date.UTC(2026, 0, 1)): TestClock {
  let now = start;
  return {
    now: () => now,
    set: (instant) => {
      now = instant;
    },
    advance: (span) => {
      now += span;
    },
  };
}

/** Lets everybody do everything, as `tester`. */
export const openGate: Gatekeeper = {
  authenticate: async () => ({ identity: "tester", project: null }),
  authorise: async () => undefined,
  readableProjects: async () => null,
};

export interface FreshPlatform extends Omit<Platform, "clock"> {
  readonly clock: TestClock;
  /** The database's address, for a second connection. */
  readonly url: string;
  /** Runs these controllers from now on, until `close`. Time passes for them by the real clock when `isLive`. */
  run(controllers: readonly Controller[]): Promise<Reconciler>;
  close(): Promise<void>;
}

/** All services of the platform on a fresh database and a temporary folder. */
export async function freshPlatform(
  options: {
    readonly log?: Log;
    readonly clock?: TestClock;
    readonly controlUrl?: string;
    readonly dataRoots?: readonly string[];
  } = {},
): Promise<FreshPlatform> {
  const { database, url, close } = await freshDatabase();
  const dataDirectory = await mkdtemp(join(tmpdir(), "millwright-platform-"));
  const clock = options.clock ?? testClock();
  const log = options.log ?? silentLog;
  const newId = idsFrom({ now: () => Date.now() });
  const running: Reconciler[] = [];
  return {
    database,
    url,
    resources: new PostgresResourceStore(database, kinds, clock, newId),
    waker: {
      wake: async (controller, key) =>
        await Promise.all(running.map((each) => each.wake(controller, key))).then(() => undefined),
    },
    objects: await openDirectoryObjectStore(join(dataDirectory, "objects")),
    clock,
    log,
    newId,
    gatekeeper: openGate,
    dataDirectory,
    dataRoots: options.dataRoots ?? [dataDirectory, tmpdir()],
    controlUrl: () => options.controlUrl ?? "http://127.0.0.1:0",
    async run(controllers) {
      const reconciler = new Reconciler(database, controllers, clock, log);
      running.push(reconciler);
      await reconciler.start();
      return reconciler;
    },
    async close() {
      for (const reconciler of running) await reconciler.stop();
      await close();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}
