import { join } from "node:path";
import type { Datasets, SqlEngine } from "../data/ports.ts";
import type { Platform } from "../platform/platform.ts";
import type { Room } from "../platform/room.ts";
import { Materialiser } from "./drivers/materialiser.ts";
import { TrainingSetBuilder } from "./drivers/training-set-builder.ts";
import { FeatureViewController } from "./feature-view-controller.ts";
import { featureViewKind, type FeatureViewSpec } from "./model.ts";
import type { Materialisation, TrainingSets } from "./ports.ts";
import { featureRoutes } from "./routes.ts";

/** What the room needs of rooms below. */
export interface FeatureRoomNeeds {
  readonly datasets: Datasets;
  readonly sqlEngine: SqlEngine;
}

/** What the room gives to rooms above. */
export interface FeatureRoom extends Room {
  readonly trainingSets: TrainingSets;
  readonly materialisation: Materialisation;
}

/** Assembles the room: feature views, point-in-time training sets, and the rows for online stores. */
export function featureRoom(platform: Platform, { datasets, sqlEngine: engine }: FeatureRoomNeeds): FeatureRoom {
  const { resources, waker, clock, dataDirectory, newId } = platform;
  const view = async (project: string, name: string): Promise<FeatureViewSpec | undefined> =>
    (await resources.get(featureViewKind, project, name))?.spec;
  const trainingSets = new TrainingSetBuilder({ engine, datasets, view, folder: join(dataDirectory, "training-sets") });
  const materialiser = new Materialiser({ engine, datasets, view, folder: join(dataDirectory, "feature-rows"), newId });
  return {
    name: "features",
    routes: featureRoutes(trainingSets, engine),
    controllers: [new FeatureViewController({ resources, datasets, engine, waker, clock })],
    start: async () => await materialiser.start(),
    trainingSets,
    materialisation: materialiser,
  };
}
