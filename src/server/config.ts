import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import * as z from "zod";
import { Fault } from "../base/fault.ts";
import { describeIssues } from "../platform/http-server.ts";

export const defaultPort = 7700;
export const defaultGatewayPort = 7701;

const portSchema = z.int().min(0).max(65_535);
const configSchema = z.object({
  dataDir: z.string().min(1),
  host: z.string().min(1),
  port: portSchema,
  gatewayPort: portSchema,
  databaseUrl: z.string().min(1).optional(),
  dataRoots: z.array(z.string()),
  logLevel: z.enum(["debug", "info", "warn", "error"]),
});

/** How a server runs; frozen, made once. */
export type ServerConfig = Readonly<z.infer<typeof configSchema>>;

/** The environment of this process, of which tasks see a few names. */
export function hostEnvironment(): Readonly<Record<string, string | undefined>> {
  return Object.freeze({ ...process.env });
}

/** The names of this process's environment that hold keys for upstreams of deployments. */
export function upstreamKeyNames(): Readonly<Record<string, string | undefined>> {
  const names = Object.entries(process.env).filter(([name]) => name.startsWith("MILLWRIGHT_UPSTREAM_"));
  return Object.freeze(Object.fromEntries(names));
}

/** Where state lives unless told otherwise: root's home is closed to PostgreSQL's account, so root uses /var/lib. */
export function defaultDataDirectory(): string {
  return process.getuid?.() === 0 ? "/var/lib/millwright" : join(homedir(), ".millwright");
}

/**
 * Completes what the command line gave with the environment (`DATABASE_URL`, `MILLWRIGHT_LOG_LEVEL`) and defaults.
 *
 * @throws {Fault} `platform.config-invalid`.
 */
export function readConfig(given: Readonly<Record<string, unknown>>): ServerConfig {
  const result = configSchema.safeParse({
    dataDir: defaultDataDirectory(),
    host: "127.0.0.1",
    port: defaultPort,
    gatewayPort: defaultGatewayPort,
    databaseUrl: process.env["DATABASE_URL"] === "" ? undefined : process.env["DATABASE_URL"],
    dataRoots: [],
    logLevel: process.env["MILLWRIGHT_LOG_LEVEL"] ?? "info",
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  });
  if (!result.success)
    throw new Fault("platform.config-invalid", `the configuration is not as wanted: ${describeIssues(result.error)}`);
  const roots = [process.cwd(), ...result.data.dataRoots].map((root) => resolve(root));
  const missing = roots.find((root) => !existsSync(root));
  if (missing !== undefined)
    throw new Fault("platform.config-invalid", `there is no folder ${missing} to serve as --data-root`);
  return Object.freeze({ ...result.data, dataDir: resolve(result.data.dataDir), dataRoots: roots });
}
