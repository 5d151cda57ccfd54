import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Workloads } from "../compute/ports.ts";
import type { Datasets } from "../data/ports.ts";
import type { TrainingSets } from "../features/ports.ts";
import type { Database } from "../platform/database.ts";
import type { Platform } from "../platform/platform.ts";
import type { Room } from "../platform/room.ts";
import type { ModelRegistry } from "../registry/ports.ts";
import type { Tracking } from "../tracking/ports.ts";
import { TrainingController } from "./controller.ts";
import { candidateArtifacts } from "./drivers/candidate-artifacts.ts";
import { checkpointFolder } from "./drivers/checkpoint-folder.ts";
import { CodeFolder } from "./drivers/code-folder.ts";
import type { TaskKeys } from "./ports.ts";
import { trainingRoutes } from "./routes.ts";
import { TrainingStore, type TrainingTables } from "./store.ts";

/** What training asks of other rooms. */
export interface TrainingRoomNeeds {
  readonly workloads: Workloads;
  readonly tracking: Tracking;
  readonly datasets: Datasets;
  readonly trainingSets: TrainingSets;
  readonly registry: ModelRegistry;
  readonly keys: TaskKeys;
}

/** Training jobs: from a spec to a registered candidate. */
export function trainingRoom(platform: Platform, needs: TrainingRoomNeeds): Room {
  const { resources, clock, objects, dataDirectory, dataRoots, controlUrl } = platform;
  const store = new TrainingStore(platform.database as unknown as Database<TrainingTables>);
  const controller = new TrainingController({
    ...needs,
    resources,
    clock,
    controlUrl,
    store,
    code: new CodeFolder(join(dataDirectory, "code"), dataRoots),
    checkpoints: checkpointFolder(join(dataDirectory, "checkpoints")),
    candidates: candidateArtifacts(needs.tracking, objects),
    digest: (text) => createHash("sha256").update(text).digest("hex"),
  });
  return { name: "training", routes: trainingRoutes({ resources, store, clock }), controllers: [controller] };
}
