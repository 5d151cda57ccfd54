import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import * as z from "zod";
import { Fault } from "../base/fault.ts";
import { describeIssues } from "../platform/http-server.ts";
import { allowSetting, denySetting, upstreamPolicySchema } from "../serving/upstream-policy.ts";

export const defaultPort = 7700;
export const defaultGatewayPort = 7701;

/** Processes of the gateway; more than a machine has cores help nobody. */
const maxGatewayWorkers = 64;

const portSchema = z.int().min(0).max(65_535);
const configSchema = z.object({
  dataDir: z.string().min(1),
  host: z.string().min(1),
  port: portSchema,
  gatewayPort: portSchema,
  gatewayWorkers: z.int().min(1).max(maxGatewayWorkers),
  databaseUrl: z.string().min(1).optional(),
  dataRoots: z.array(z.string()),
  logLevel: z.enum(["debug", "info", "warn", "error"]),
  /** Base address of a collector that speaks OTLP over HTTP. */
  otlpEndpoint: z.url().optional(),
  /** Share of the gateway's requests that are logged although they went well. */
  requestLogShare: z.coerce.number().min(0).max(1),
  /** Whether bodies of logged requests stand in the log, keys and addresses hidden. */
  requestLogBodies: z.boolean(),
  /** Which addresses deployments of `runtime: external` may reach beyond the usual, and which not. */
  externalAllow: upstreamPolicySchema.shape.allow,
  externalDeny: upstreamPolicySchema.shape.deny,
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
 * Completes what the command line gave with the environment (`DATABASE_URL`, `MILLWRIGHT_LOG_LEVEL`, `OTEL_EXPORTER_OTLP_ENDPOINT`,
 * `MILLWRIGHT_REQUEST_LOG_SHARE`, `MILLWRIGHT_REQUEST_LOG_BODIES`, `MILLWRIGHT_EXTERNAL_ALLOW`, `MILLWRIGHT_EXTERNAL_DENY`) and defaults.
 *
 * @throws {Fault} `platform.config-invalid`.
 */
export function readConfig(given: Readonly<Record<string, unknown>>): ServerConfig {
  const result = configSchema.safeParse({
    dataDir: defaultDataDirectory(),
    host: "127.0.0.1",
    port: defaultPort,
    gatewayPort: defaultGatewayPort,
    gatewayWorkers: 1,
    databaseUrl: process.env["DATABASE_URL"] === "" ? undefined : process.env["DATABASE_URL"],
    dataRoots: [],
    logLevel: process.env["MILLWRIGHT_LOG_LEVEL"] ?? "info",
    otlpEndpoint: process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] || undefined,
    requestLogShare: process.env["MILLWRIGHT_REQUEST_LOG_SHARE"] ?? 0,
    requestLogBodies: process.env["MILLWRIGHT_REQUEST_LOG_BODIES"] === "true",
    externalAllow: listIn(process.env[allowSetting]),
    externalDeny: listIn(process.env[denySetting]),
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

/** What a list of the environment holds, between commas. */
function listIn(text: string | undefined): readonly string[] {
  return (text ?? "").split(",").flatMap((part) => (part.trim() === "" ? [] : [part.trim()]));
}
