import { sql, type Kysely } from "kysely";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";

/** One forward step of the schema. Numbers never change once released; there is no way back. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

interface MigrationTables {
  readonly schema_migration: { number: number; name: string; applied_at: number };
}

/** Two servers that start at once on one database take turns; any number that nothing else uses. */
const migrationLockKey = 7_700_001;

/**
 * Brings the schema to the newest migration, each step in a transaction of its own.
 *
 * @returns the names of the steps that were applied now.
 * @throws {Fault} `platform.schema-newer` when the database knows a migration that this code does not.
 */
export async function migrate(
  database: Kysely<MigrationTables>,
  migrations: readonly Migration[],
  clock: Clock,
): Promise<readonly string[]> {
  const ordered = checkNumbers(migrations);
  return await database.connection().execute(async (connection) => {
    await sql`select pg_advisory_lock(${migrationLockKey})`.execute(connection);
    try {
      await sql`create table if not exists schema_migration (
        number integer primary key, name text not null, applied_at bigint not null)`.execute(connection);
      const applied = await connection.selectFrom("schema_migration").selectAll().orderBy("number").execute();
      refuseNewerSchema(applied, ordered);
      const known = new Set(applied.map((row) => row.number));
      const missing = ordered.filter((migration) => !known.has(migration.number));
      for (const migration of missing) {
        await connection.transaction().execute(async (transaction) => {
          await sql.raw(migration.sql).execute(transaction);
          await transaction
            .insertInto("schema_migration")
            .values({ number: migration.number, name: migration.name, applied_at: clock.now() })
            .execute();
        });
      }
      return missing.map((migration) => migration.name);
    } finally {
      await sql`select pg_advisory_unlock(${migrationLockKey})`.execute(connection);
    }
  });
}

function checkNumbers(migrations: readonly Migration[]): readonly Migration[] {
  const ordered = migrations.toSorted((left, right) => left.number - right.number);
  ordered.forEach((migration, index) => {
    const next = ordered[index + 1];
    if (next?.number === migration.number) {
      throw new Error(`migrations ${migration.name} and ${next.name} both have the number ${migration.number}`);
    }
  });
  return ordered;
}

function refuseNewerSchema(applied: readonly { number: number; name: string }[], known: readonly Migration[]): void {
  const numbers = new Set(known.map((migration) => migration.number));
  const unknown = applied.find((row) => !numbers.has(row.number));
  if (unknown === undefined) return;
  throw new Fault(
    "platform.schema-newer",
    `the database has schema step ${unknown.number} (${unknown.name}), which this version does not know; ` +
      "start the newer version of Millwright that made it, or point --data-dir (or DATABASE_URL) at another database",
    { details: { number: unknown.number, name: unknown.name } },
  );
}
