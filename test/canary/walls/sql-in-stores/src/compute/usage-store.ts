import { sql } from "kysely";

/** The other place for it. */
export const usage = sql`select sum(seconds) from usage`;
