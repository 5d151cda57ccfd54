import { poolKind } from "../compute/model.ts";
import { datasetKind, pipelineKind } from "../data/model.ts";
import { evaluationKind } from "../evaluation/model.ts";
import { featureViewKind } from "../features/model.ts";
import { driftMonitorKind } from "../monitoring/model.ts";
import type { KindDefinition } from "../platform/resource.ts";
import { modelKind } from "../registry/model.ts";
import { quotaKind } from "../scheduling/model.ts";
import { reservationKind } from "../scheduling/reservations/model.ts";
import { trafficLimitKind } from "../serving/limits/model.ts";
import { deploymentKind } from "../serving/model.ts";
import { projectKind, teamKind } from "../tenancy/model.ts";
import { trainingJobKind } from "../training/model.ts";

/** Every kind of resource, in the order in which `apply` of a folder would best meet them. */
export const kinds: readonly KindDefinition[] = [
  teamKind,
  projectKind,
  quotaKind,
  trafficLimitKind,
  poolKind,
  reservationKind,
  datasetKind,
  pipelineKind,
  featureViewKind,
  modelKind,
  trainingJobKind,
  evaluationKind,
  deploymentKind,
  driftMonitorKind,
] as readonly unknown[] as readonly KindDefinition[];
