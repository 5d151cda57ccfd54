import { sql } from "kysely";

/** A store of the server is a store. */
export const sizes = sql`select count(*) from event`;
