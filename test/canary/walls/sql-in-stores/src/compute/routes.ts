import { sql } from "kysely"; // breaks: sql-in-stores
import type { Kysely } from "kysely";

/** Asks by itself. */
export async function listNodes(database: Kysely<{ node: { id: string } }>): Promise<unknown> {
  const text = "insert into node (id) values ($1)"; // breaks: sql-in-stores
  const rows = await database.selectFrom("node").selectAll().execute(); // breaks: sql-in-stores
  const words = "select a node from the list";
  return [text, rows, words, sql`select 1`]; // breaks: sql-in-stores
}
