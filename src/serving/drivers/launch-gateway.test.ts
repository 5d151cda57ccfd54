import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { gatewayPaths, type GatewaySettings } from "./gateway-files.ts";
import { launchGateway } from "./launch-gateway.ts";
import { quietTelemetry } from "./request-observer.ts";

async function makeSettings(): Promise<GatewaySettings> {
  const folder = await mkdtemp(join(tmpdir(), "gateway-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return {
    version: "test",
    folder,
    host: "127.0.0.1",
    port: 0,
    workers: 2,
    onlineModule: new URL("../../features/drivers/lmdb-online-store.ts", import.meta.url).href,
    onlineFolder: join(folder, "online"),
    logLevel: "error",
    upstreams: { allow: [], deny: [], allowsLoopback: true, platformPorts: [] },
    telemetry: quietTelemetry,
  };
}

test("a gateway whose workers end before they are ready is told with its log and what that ends with", async () => {
  const settings = await makeSettings();
  const paths = gatewayPaths(settings.folder);
  await writeFile(paths.limits, JSON.stringify({ rules: "none that can be read", teams: {} }));
  await appendFile(paths.log, "an older failure\n");
  const failure = await launchGateway(settings).then(
    () => "",
    (error: unknown) => String(error),
  );

  expect(failure).toContain("the worker ended with exit code 1 before it was ready");
  expect(failure).toContain(`the gateway's log ${paths.log} ends with\n`);
  expect(failure).toMatch(/TypeError: .+/);
  expect(failure).not.toContain("an older failure");
});
