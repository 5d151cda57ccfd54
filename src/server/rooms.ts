import { computeRoom } from "../compute/room.ts";
import { dataRoom } from "../data/room.ts";
import { evaluationRoom } from "../evaluation/room.ts";
import { onlineStoreModule } from "../features/drivers/lmdb-online-store.ts";
import { featureRoom } from "../features/room.ts";
import { monitoringRoom } from "../monitoring/room.ts";
import { planningRoom } from "../planning/room.ts";
import type { Platform } from "../platform/platform.ts";
import type { Room } from "../platform/room.ts";
import { registryRoom } from "../registry/room.ts";
import { schedulingRoom } from "../scheduling/room.ts";
import { deploymentUses, servingRoom } from "../serving/room.ts";
import type { Identities } from "../tenancy/drivers/identities.ts";
import { taskKeys } from "../tenancy/drivers/task-keys.ts";
import { trackingRoom } from "../tracking/room.ts";
import { trainingRoom } from "../training/room.ts";
import { hostEnvironment, type ServerConfig, upstreamKeyNames } from "./config.ts";
import { packageVersion } from "./version.ts";

/** What the rooms need beyond the platform itself. */
export interface RoomNeeds {
  readonly config: ServerConfig;
  readonly identities: Identities;
  /** Where the database listens; null when that is not by TCP. */
  readonly databasePort: number | null;
}

/** Opens every room, lower ones first, and gives each what it needs of the others. */
export function openRooms(
  platform: Platform,
  { config, identities, databasePort }: RoomNeeds,
): { readonly rooms: readonly Room[]; readonly gatewayUrl: () => string | null } {
  const compute = computeRoom(platform, { hostEnvironment: hostEnvironment() });
  const { workloads, queue } = compute;
  const scheduling = schedulingRoom(platform, { queue, workloads });
  const data = dataRoom(platform, { workloads });
  const { datasets, sqlEngine } = data;
  const { tracking, ...trackingParts } = trackingRoom(platform);
  const features = featureRoom(platform, { datasets, sqlEngine });
  const { trainingSets, materialisation } = features;
  const registry = registryRoom(platform, { datasets, uses: deploymentUses(platform) });
  const keys = taskKeys(identities);
  const training = trainingRoom(platform, {
    workloads,
    tracking,
    datasets,
    trainingSets,
    registry: registry.registry,
    keys,
  });
  const evaluation = evaluationRoom(platform, { registry: registry.registry, trainingSets, workloads });
  const serving = servingRoom(platform, {
    registry: registry.registry,
    workloads,
    materialisation,
    onlineModule: onlineStoreModule,
    gateway: { host: config.host, port: config.gatewayPort, workers: config.gatewayWorkers },
    version: packageVersion(),
    logLevel: config.logLevel,
    upstreamKeys: upstreamKeyNames(),
    upstreams: { allow: config.externalAllow, deny: config.externalDeny },
    databasePort,
    telemetry: {
      otlpEndpoint: config.otlpEndpoint ?? null,
      requestLog: { share: config.requestLogShare, logsBodies: config.requestLogBodies },
    },
  });
  const monitoring = monitoringRoom(platform, {
    registry: registry.registry,
    reports: evaluation.reports,
    predictions: serving.predictions,
    sqlEngine,
  });
  const rooms = [
    compute,
    scheduling,
    data,
    trackingParts,
    features,
    registry,
    training,
    evaluation,
    serving,
    monitoring,
    planningRoom(platform, {
      workloads,
      forecasts: scheduling.forecasts,
      records: compute.records,
      tracking,
      served: serving.served,
    }),
  ];
  return { rooms, gatewayUrl: serving.gatewayUrl };
}
