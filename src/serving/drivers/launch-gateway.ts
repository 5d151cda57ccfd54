import { fork } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Millis } from "../../base/clock.ts";
import { writeFileAtomically } from "../../platform/files.ts";
import { logSize, readLogEnd } from "../../platform/log-end.ts";
import type { FromHost } from "../gateway/messages.ts";
import { type GatewaySettings, gatewayPaths } from "./gateway-files.ts";
import { hostHeapFlags } from "./heap-flags.ts";
import { lateGateway } from "./late-gateway.ts";

/** How long the gateway may take to start. */
export const startTimeoutMs: Millis = 40_000;
/** Lines of the gateway's log that are told where it does not start. */
const logLinesTold = 3;

/**
 * Starts the gateway's host process, which outlives this one.
 *
 * @returns the port at which it listens.
 * @throws {Fault} `serving.timeout` when it does not listen in time.
 * @throws {Error} what the host could not do, with the system's code, such as `EADDRINUSE`.
 */
export async function launchGateway(settings: GatewaySettings): Promise<number> {
  const paths = gatewayPaths(settings.folder);
  await writeFileAtomically(paths.settings, JSON.stringify(settings));
  const program = fileURLToPath(
    new URL(`../tasks/gateway-host-process${extname(fileURLToPath(import.meta.url))}`, import.meta.url),
  );
  // Appended to, so that it may be begun anew while it is written to (`turnLog`).
  const said = await logSize(paths.log);
  const log = openSync(paths.log, "a", 0o600);
  const child = fork(program, [paths.settings], {
    detached: true,
    stdio: ["ignore", log, log, "ipc"],
    execArgv: [...hostHeapFlags],
  });
  closeSync(log);
  try {
    return await new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => reject(lateGateway("start", startTimeoutMs)), startTimeoutMs);
      child.once("exit", () => clearTimeout(timer));
      child.on("message", (message: FromHost) => {
        clearTimeout(timer);
        if (message.kind === "listening") resolve(message.port);
        else reject(Object.assign(new Error(message.message), { code: message.code }));
      });
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        const how = `the gateway ended with ${signal ?? `exit code ${code}`} before it listened`;
        readLogEnd(paths.log, said, logLinesTold).then(
          (end) => reject(new Error(`${how}; the gateway's log ${paths.log} ends with\n${end}`)),
          (cause: unknown) => reject(new Error(`${how}; see the gateway's log ${paths.log}`, { cause })),
        );
      });
    });
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
}
