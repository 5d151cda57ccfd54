import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { plan } from "../../src/cli/commands/plan.ts";
import { recordingContext } from "../../src/cli/fixtures/recording-context.ts";
import { computeRoom } from "../../src/compute/room.ts";
import { calibrationRoutes } from "../../src/planning/calibration-routes.ts";
import { PredictionStore } from "../../src/planning/prediction-store.ts";
import { createHttpServer } from "../../src/platform/http-server.ts";
import { resourceRoutes } from "../../src/platform/resource-routes.ts";
import { kinds } from "../../src/server/kinds.ts";
import { manifestChecks } from "../../src/server/manifest-checks.ts";
import { freshPlatform, type FreshPlatform } from "../platform.ts";

const dayMs = 86_400_000;
const gpus = 6;
const daysUsed = 90;

let platform: FreshPlatform;
let app: ReturnType<typeof createHttpServer>;
let url: string;
let folder: string;

/** Ninety days in which a training job of the project held six GPUs, every day from midnight to noon. */
async function fillLedger(until: number): Promise<void> {
  for (let ago = 1; ago <= daysUsed; ago += 1) {
    for (let piece = 0; piece < gpus; piece += 1) {
      const from = until - ago * dayMs;
      await sql`
        insert into usage_entry (workload, attempt, member, piece, project, owner_kind, owner_name, purpose, queue, pool, node,
          device, gpu_model, gpu_millis, cpus, from_at, to_at, outcome, cause)
        values (${`run-${ago}`}, 1, 0, ${piece}, 'maps', 'TrainingJob', 'roads', 'training', 'maps', 'h100', 'n1',
          ${`gpu-${piece}`}, 'NVIDIA H100 80GB HBM3', 1000, 1, ${from}, ${from + dayMs / 2}, 'useful', null)
      `.execute(platform.database);
    }
  }
}

beforeAll(async () => {
  platform = await freshPlatform();
  folder = await mkdtemp(join(tmpdir(), "from-live-"));
  await platform.resources.apply("tester", { kind: "Team", name: "vision", spec: {} });
  await platform.resources.apply("tester", { kind: "Project", name: "maps", spec: { team: "vision" } });
  await fillLedger(Math.floor(platform.clock.now() / dayMs) * dayMs);
  const { gatekeeper, log, newId, resources } = platform;
  const compute = computeRoom(platform, { hostEnvironment: {} });
  const store = new PredictionStore(platform.database.withTables());
  const site = calibrationRoutes({ store, clock: platform.clock, workloads: compute.workloads });
  const routes = [
    ...compute.routes,
    ...site,
    ...resourceRoutes(kinds, resources, gatekeeper, manifestChecks(resources)),
  ];
  app = createHttpServer({ routes, gatekeeper, log, newId, defaultProject: "default" });
  url = await app.listen({ port: 0, host: "127.0.0.1" });
});

afterAll(async () => {
  await app.close();
  await platform.close();
  await rm(folder, { recursive: true });
});

test("a plan is drawn up from the ledger that the server keeps, by team and purpose", async () => {
  const context = recordingContext({ url, now: platform.clock.now() });

  expect(await plan(context, { fromLive: true, days: daysUsed, out: folder })).toBe(0);

  const drawnUp = await readFile(join(folder, "plan.yaml"), "utf8");
  expect(drawnUp).toMatch(/gpu: NVIDIA H100 80GB HBM3/);
  expect(drawnUp).toMatch(/name: training of vision\n +gpus: 6\n +growthPerYear: 0\n/);
  expect(await readFile(join(folder, "report.md"), "utf8")).toContain("ledger, training of vision: fitted to 12 weeks");
});
