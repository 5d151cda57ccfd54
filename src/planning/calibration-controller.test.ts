import { sql } from "kysely";
import { afterEach, expect, test } from "vitest";
import { until } from "../../test/until.ts";
import { gpus, type StandingPlatform } from "../scheduling/fixtures/standing-platform.ts";
import { planningPlatform, type PlanningPlatform } from "./fixtures/planning-platform.ts";

const hourMs = 3_600_000;
/** Longer than the pause between two forecasts. */
const forecastEveryMs = 31_000;

let live: StandingPlatform;
let site: PlanningPlatform;
let app: PlanningPlatform["app"];
let found: PlanningPlatform["found"];
afterEach(async () => {
  await site.close();
});

async function open(gpuCount: number): Promise<void> {
  site = await planningPlatform(gpuCount);
  ({ live, app, found } = site);
}

interface Row {
  readonly likely: number;
  readonly high: number;
  readonly measured: number | null;
  readonly excluded: string | null;
}

/** The stored wait of a workload, once it is as wanted. Forecasts are half a minute apart: the clock goes on until one came. */
async function waitOf(id: string, isWanted: (row: Row) => boolean): Promise<Row> {
  return await until(`the wait of ${id} is as wanted`, async () => {
    const { rows } = await sql<Row>`
      select likely, high, measured, excluded from planning_prediction where subject = ${id} and kind = 'queue-wait'
    `.execute(live.platform.database);
    if (rows.length === 0) live.platform.clock.advance(forecastEveryMs);
    return rows.find(isWanted);
  });
}

test("a wait that was foreseen is compared with the wait that came", async () => {
  await open(1);
  await live.submit("runs");
  await live.reach("runs", "running");
  await live.submit("waits");
  const foreseen = await waitOf("waits", () => true);
  live.platform.clock.advance(hourMs / 4);
  await live.end("runs");
  await live.reach("waits", "running");
  const came = await waitOf("waits", ({ measured }) => measured !== null);

  // The other may run for an hour, and ended after a quarter of one.
  expect(came.measured).toBeGreaterThanOrEqual(900);
  expect(came.measured).toBeLessThan(foreseen.likely);
  const { n, words } = await found("queue-wait", (item) => item.group === "training" && item.n > 0);
  expect(words).toContain("measured on this site");
  expect(n).toBeLessThanOrEqual(2);
});

test("a wait that was cancelled is not compared, and the reason is counted", async () => {
  await open(1);
  await live.submit("runs");
  await live.reach("runs", "running");
  await live.submit("leaves");
  await waitOf("leaves", () => true);
  await live.compute.workloads.cancel("leaves", "tester", "no more need");

  expect(await waitOf("leaves", ({ excluded }) => excluded !== null)).toMatchObject({ measured: null });
  const { excluded } = await found("queue-wait", (item) => Object.keys(item.excluded).length > 0);
  expect(excluded).toEqual({ "ended before it started": 1 });
});

test("durations that a planner hands in are compared with what runs took, and its next answer is corrected", async () => {
  await open(4);
  const group = "H100-SXM megatron-core";
  const url = "/api/v1/projects/default/planning/predictions";
  for (const id of ["a", "b", "c", "d"]) {
    await live.submit(id, { resources: gpus(1) });
    const payload = { workload: id, group, low: 1800, likely: 2000, high: 2200 };
    expect((await app.inject({ method: "POST", url, payload })).statusCode).toBe(200);
    await live.reach(id, "running");
  }
  live.platform.clock.advance(hourMs);
  for (const id of ["a", "b", "c", "d"]) await live.end(id);
  const site = await found("training-duration", (item) => item.group === group && item.n === 4);

  expect(site.factor).toBeGreaterThan(1.1);
  const question = { model: "Llama-3.1-8B", accelerator: "H100", gpus: 8, tokens: 1e11 };
  const ask = async (changes: object) =>
    (
      await app.inject({
        method: "POST",
        url: "/api/v1/planning/size-training",
        payload: { ...question, ...changes },
      })
    ).json<{ answer: { days: { likely: number }; gpuHours: number; errors: { words: string }[] } }>().answer;
  const [own, other] = [await ask({}), await ask({ accelerator: "A100" })];
  expect(own.errors[0]?.words).toMatch(/^not measured; this site: ±.* % \(80 % of 4 predictions\), too few/);
  expect(other.errors[0]?.words).not.toContain("this site");
});

test.each([
  ["of a workload that is not there", { workload: "nobody" }, 404],
  ["that is not in order", { workload: "a", low: 3000 }, 400],
])("a prediction %s is refused", async (_what, changes, status) => {
  await open(1);
  await live.submit("a");
  const payload = { group: "H100-SXM megatron-core", low: 1, likely: 2000, high: 2200, ...changes };

  const answer = await app.inject({ method: "POST", url: "/api/v1/projects/default/planning/predictions", payload });
  expect(answer.statusCode).toBe(status);
});
