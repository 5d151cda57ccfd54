import type { Workloads } from "../compute/ports.ts";
import type { Platform } from "../platform/platform.ts";
import type { Room } from "../platform/room.ts";
import { DatasetController } from "./dataset-controller.ts";
import { DatasetFiles, requireUnchanged } from "./drivers/dataset-files.ts";
import { DuckdbEngine } from "./drivers/duckdb-engine.ts";
import { duckdbSettings } from "./drivers/duckdb-settings.ts";
import { StepFiles } from "./drivers/step-files.ts";
import { PipelineController } from "./pipeline-controller.ts";
import type { Datasets, SqlEngine } from "./ports.ts";
import { dataRoutes } from "./routes.ts";
import { StepStore } from "./step-store.ts";
import { DataStore, type StoredVersion } from "./store.ts";

/** What the room gives to rooms above. */
export interface DataRoom extends Room {
  readonly datasets: Datasets;
  readonly sqlEngine: SqlEngine;
}

/** Assembles the room: datasets, pipelines whose steps run as workloads, and DuckDB in child processes for short reads. */
export function dataRoom(platform: Platform, { workloads }: { readonly workloads: Workloads }): DataRoom {
  const store = new DataStore(platform.database.withTables());
  const engine = new DuckdbEngine(duckdbSettings(platform.dataDirectory));
  const files = new DatasetFiles(platform.dataDirectory, platform.dataRoots);
  const { resources, clock, newId } = platform;
  const steps = new StepStore(platform.database.withTables());
  const stepFiles = new StepFiles(platform.dataDirectory);
  const needs = { resources, store, files, engine, clock, newId };
  return {
    name: "data",
    routes: dataRoutes({ store, engine }),
    controllers: [
      new DatasetController(needs),
      new PipelineController({ ...needs, steps, stepFiles, workloads }, platform.waker),
    ],
    async start() {
      await engine.start();
      await stepFiles.sweep(await steps.workloads());
    },
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
