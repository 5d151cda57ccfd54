import { computeMigrations } from "../compute/migrations.ts";
import { dataMigrations } from "../data/migrations.ts";
import { evaluationMigrations } from "../evaluation/migrations.ts";
import { monitoringMigrations } from "../monitoring/migrations.ts";
import { planningMigrations } from "../planning/migrations.ts";
import type { Migration } from "../platform/migration.ts";
import { platformMigrations } from "../platform/migrations.ts";
import { registryMigrations } from "../registry/migrations.ts";
import { schedulingMigrations } from "../scheduling/migrations.ts";
import { servingMigrations } from "../serving/migrations.ts";
import { tenancyMigrations } from "../tenancy/migrations.ts";
import { trackingMigrations } from "../tracking/migrations.ts";
import { trainingMigrations } from "../training/migrations.ts";

/** Every step of the schema. */
export const migrations: readonly Migration[] = [
  ...platformMigrations,
  ...tenancyMigrations,
  ...computeMigrations,
  ...schedulingMigrations,
  ...dataMigrations,
  ...trackingMigrations,
  ...registryMigrations,
  ...trainingMigrations,
  ...evaluationMigrations,
  ...servingMigrations,
  ...monitoringMigrations,
  ...planningMigrations,
];
