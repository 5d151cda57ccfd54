import { sql } from "kysely";

/** The place for it. */
export const count = sql`select count(*) from node`;
