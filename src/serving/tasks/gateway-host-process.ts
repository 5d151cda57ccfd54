import { fileURLToPath } from "node:url";
import { extname } from "node:path";
import type { FromHost } from "../gateway/messages.ts";
import { readGatewaySettings } from "../drivers/gateway-files.ts";
import { GatewayHost } from "../drivers/gateway-host.ts";

/*
 * The program of the gateway's host: `gateway-host-process SETTINGS`. SIGTERM stops it, SIGHUP replaces its workers one after
 * the other.
 */

const workerProgram = fileURLToPath(
  new URL(`./gateway-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url),
);

function tell(message: FromHost): void {
  // Whoever started the gateway may be gone by now.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

const end = async (): Promise<void> => {
  await host.stop();
  process.exit(0);
};

const [, , settingsPath = ""] = process.argv;
const host = new GatewayHost({
  settingsPath,
  settings: readGatewaySettings(settingsPath),
  workerProgram,
  environment: process.env,
  onAbandoned: () => void end(),
});
process.once("SIGTERM", () => void end());
process.on("SIGINT", () => undefined);
process.on("SIGHUP", () => void host.replaceWorkers());
try {
  tell({ kind: "listening", port: await host.start() });
} catch (error) {
  const code = error instanceof Error && "code" in error ? String(error.code) : null;
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  tell({ kind: "failed", code, message: error instanceof Error ? error.message : String(error) });
  if (process.connected) process.disconnect();
  await host.stop();
  process.exit(1);
}
