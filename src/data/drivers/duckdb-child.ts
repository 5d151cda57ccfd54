/**
 * The program that holds DuckDB: a child process, so that a query that goes wrong takes nothing else with it and can be
 * stopped at any moment. One request at a time, each in a database of its own; ends with its parent.
 */
import type { SessionRequest } from "./duckdb-message.ts";
import { runSession } from "./duckdb-session.ts";

process.on("message", (request: SessionRequest) => {
  runSession(request).then(
    (reply) => process.send?.(reply),
    () => process.exit(1),
  );
});
process.on("disconnect", () => process.exit(0));
