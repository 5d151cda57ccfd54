import { hash, randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Controller } from "../../platform/controller.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Route } from "../../platform/route.ts";
import { BatchSender } from "../drivers/batch-sender.ts";
import { lineFiles } from "../drivers/line-files.ts";
import { readUpload } from "../drivers/read-upload.ts";
import { BatchController } from "./batch-controller.ts";
import { BatchKeys } from "./batch-keys.ts";
import { batchRoutes } from "./batch-routes.ts";
import { BatchStore } from "./batch-store.ts";
import { fileRoutes } from "./file-routes.ts";
import { FileStore } from "./file-store.ts";

const secretBytes = 32;

/** The parts of files and batches. */
export interface BatchParts {
  readonly routes: readonly Route[];
  readonly controller: Controller;
  /** The keys of running batches, which the gateway asks about. */
  readonly keys: BatchKeys;
  stop(): Promise<void>;
}

/**
 * Puts files and batches together.
 *
 * @param gatewayUrl through which batches make their requests; null while it is not up.
 */
export function batchParts(platform: Platform, gatewayUrl: () => string | null): BatchParts {
  const { clock, log, newId, gatekeeper, objects } = platform;
  const store = new BatchStore(platform.database as never);
  const files = new FileStore(platform.database as never);
  const keys = new BatchKeys({
    newSecret: () => randomBytes(secretBytes).toString("base64url"),
    hashOf: (key) => hash("sha256", key),
  });
  const sender = new BatchSender(gatewayUrl);
  const controller = new BatchController({
    store,
    lines: lineFiles(objects),
    keys,
    gatekeeper,
    clock,
    log,
    newId,
    send: async (asked, signal) => await sender.send(asked, signal),
    pause: async (ms, signal) => await pause(ms, undefined, { signal }).catch(() => undefined),
  });
  return {
    routes: [...fileRoutes({ platform, files, readUpload }), ...batchRoutes({ platform, files, store })],
    controller,
    keys,
    async stop() {
      controller.stop();
      await sender.stop();
    },
  };
}
