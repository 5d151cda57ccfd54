import type { Migration } from "../platform/migration.ts";
import { platformMigrations } from "../platform/migrations.ts";
import { tenancyMigrations } from "../tenancy/migrations.ts";

/** Every step of the schema. */
export const migrations: readonly Migration[] = [...platformMigrations, ...tenancyMigrations];
