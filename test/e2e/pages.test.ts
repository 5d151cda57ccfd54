import { afterAll, beforeAll, expect, test } from "vitest";
import { type ServerProcess, startServerProcess, temporaryDataDirectory } from "../server-process.ts";
import { visitEveryPage } from "./visit-pages.ts";

const startTimeoutMs = 120_000;

let folder: Awaited<ReturnType<typeof temporaryDataDirectory>>;
let server: ServerProcess;

beforeAll(async () => {
  folder = await temporaryDataDirectory();
  server = await startServerProcess({ dataDir: folder.path });
}, startTimeoutMs);

afterAll(async () => {
  await server.end("SIGTERM");
  await folder.remove();
});

test("every page of an empty server opens without an error and asks no other server", async () => {
  const report = await visitEveryPage(server.controlUrl, server.key);

  expect(report.problems).toEqual([]);
  expect(report.visited).toEqual(["/", "/queue", "/runs", "/data", "/models", "/deployments", "/drift", "/events"]);
});
