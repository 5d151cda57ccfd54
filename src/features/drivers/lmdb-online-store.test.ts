import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { describeOnlineFeatures } from "../../../test/contracts/online-features.ts";
import { lateReadMarginMs, openLmdbOnlineStore } from "./lmdb-online-store.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lmdb-online-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describeOnlineFeatures("LMDB", { lateReadMarginMs, open: (views) => openLmdbOnlineStore(folder, views) });
