import type { Platform } from "../platform/platform.ts";
import type { Room } from "../platform/room.ts";
import { DatasetController } from "./dataset-controller.ts";
import { DatasetFiles, requireUnchanged } from "./drivers/dataset-files.ts";
import { DuckdbEngine } from "./drivers/duckdb-engine.ts";
import { duckdbSettings } from "./drivers/duckdb-settings.ts";
import { PipelineController } from "./pipeline-controller.ts";
import type { Datasets, SqlEngine } from "./ports.ts";
import { dataRoutes } from "./routes.ts";
import { DataStore, type StoredVersion } from "./store.ts";

/** What the room gives to rooms above. */
export interface DataRoom extends Room {
  readonly datasets: Datasets;
  readonly sqlEngine: SqlEngine;
}

/** Assembles the room: datasets, pipelines, and DuckDB in child processes. */
export function dataRoom(platform: Platform): DataRoom {
  const store = new DataStore(platform.database.withTables());
  const engine = new DuckdbEngine(duckdbSettings(platform.dataDirectory));
  const files = new DatasetFiles(platform.dataDirectory, platform.dataRoots);
  const { resources, clock, newId } = platform;
  const needs = { resources, store, files, engine, clock, newId };
  return {
    name: "data",
    routes: dataRoutes({ store, engine }),
    controllers: [new DatasetController(needs), new PipelineController(needs, platform.waker)],
    start: async () => await engine.start(),
    stop: async () => await engine.stop(),
    datasets: {
      latest: async (project, dataset) => await unchanged(await store.latestValid(project, dataset)),
      version: async (project, dataset, version) => await unchanged(await store.version(project, dataset, version)),
    },
    sqlEngine: engine,
  };
}

async function unchanged(version: StoredVersion | undefined): Promise<StoredVersion | undefined> {
  if (version !== undefined) await requireUnchanged(version);
  return version;
}
