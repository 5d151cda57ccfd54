import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { judgedLineage, smallChain, writeSmallFlights } from "../scenarios/small-chain.ts";
import { askSmallModel, endServing, serveSmallModel } from "../scenarios/small-deployment.ts";
import { endPostgres, type ServerProcess, startServerProcess, temporaryDataDirectory } from "../server-process.ts";
import { until } from "../until.ts";
import { withSignedInPage } from "./signed-in-page.ts";
import { visitEveryPage } from "./visit-pages.ts";

const requests = 120;

let folder: Awaited<ReturnType<typeof temporaryDataDirectory>>;
let server: ServerProcess;

beforeAll(async () => {
  folder = await temporaryDataDirectory();
  server = await startServerProcess({ dataDir: folder.path, cwd: "/" });
});

afterAll(async () => {
  await endServing(server, "small", "delay");
  await server.end("SIGTERM");
  await endPostgres(folder.path).catch(() => undefined);
  await folder.remove();
});

test("every page of an empty server opens without an error and asks no other server", async () => {
  const report = await visitEveryPage(server.controlUrl, server.key);

  expect(report.problems).toEqual([]);
  expect(report.visited).toEqual([
    "/",
    "/queue",
    "/runs",
    "/data",
    "/models",
    "/deployments",
    "/drift",
    "/planning",
    "/events",
  ]);
});

test("every page opens on a model that was trained, judged, approved, served and watched", async () => {
  const flights = join(dirname(folder.path), "flights.parquet");
  await writeSmallFlights(flights);
  await server.call("POST", "/api/v1/apply", { manifests: smallChain("small", flights) });
  await judgedLineage(() => server, "small");
  await serveSmallModel(server, "small");
  for (let count = 0; count < requests; count += 1)
    expect(await askSmallModel(server, "small", String(count))).toMatchObject({ status: 200 });
  await until("the drift monitor has looked", async () => {
    const monitor = (await server.call("GET", "/api/v1/projects/small/drift-monitors/delay")).json;
    return typeof (monitor as { status?: { lastCheck: number | null } }).status?.lastCheck === "number";
  });
  const report = await visitEveryPage(server.controlUrl, server.key);

  expect(report.problems).toEqual([]);
  const opened = [
    "/runs/small/",
    "/data/small/",
    "/features/small/",
    "/models/small/delay",
    "/deployments/small/delay",
    "/deployments/small/delay/playground",
    "/drift/small/delay",
  ];
  expect(opened.filter((start) => !report.visited.some((place) => place.startsWith(start)))).toEqual([]);
});

test("a tabular model is asked by hand in the playground, and under load, through the real gateway", async () => {
  const problems = await withSignedInPage(server.controlUrl, server.key, async (page, found) => {
    await page.goto(`${server.controlUrl}/deployments/small/delay/playground`);
    await page.getByLabel("origin").fill("ATL, LAS");
    await page.getByLabel("distance").fill("100, 250");
    await page.getByLabel("hour").fill("[8, 17]");
    await page.getByLabel("departs_at").fill("1000000000000, 1000000000001");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByRole("columnheader", { name: "probability" }).waitFor();
    expect(await page.getByRole("cell", { name: /^(0|1|0\.\d+)$/ }).count()).toBeGreaterThanOrEqual(3);
    return found;
  });
  expect(problems).toEqual([]);

  const path = "/api/v1/projects/small/deployments/delay/load-test";
  expect(await server.call("POST", path, { rate: 20, durationMs: 2_000 })).toMatchObject({ status: 200 });
  await until("the load test has ended", async () => {
    const state = (await server.call("GET", path)).json as { readonly kind: string };
    return state.kind === "ended";
  });
  expect((await server.call("GET", path)).json).toMatchObject({
    failure: null,
    report: { requests: { failed: 0, unfinished: 0 }, ttftMs: null, errors: [] },
  });
});
