import { sql } from "kysely";
import { afterEach, expect, test } from "vitest";
import { until } from "../../test/until.ts";
import { seededRandom } from "../base/random.ts";
import type { Workload, WorkloadState } from "../compute/ports.ts";
import { readEvents } from "../platform/event-log.ts";
import { gpus, requestOf, standingPlatform, type StandingPlatform } from "./fixtures/standing-platform.ts";
import { machineOf } from "./fixtures/world-values.ts";

const seed = 20_261_126;
const stepsCount = 40;
const day = 86_400_000;

let live: StandingPlatform;
afterEach(async () => await live.close());

interface Entry {
  readonly workload: string;
  readonly device: string | null;
  readonly gpu_millis: number;
  readonly from_at: number;
  readonly to_at: number | null;
}

/** GPU-milliseconds by the event log alone: from each admission to the event by which the place was given back. */
async function recount(): Promise<number> {
  const events = await readEvents(live.platform.database, { kind: "Workload", limit: 1000, order: "oldest-first" });
  const since = new Map<string, { readonly at: number; readonly gpus: number }>();
  let total = 0;
  for (const { subject, verb, at, data } of events) {
    const held = since.get(subject.name);
    if (verb === "admitted") {
      const { gpus: count } = data["resources"] as Workload["resources"];
      since.set(subject.name, { at, gpus: count });
    } else if (held !== undefined && ["preempted", "succeeded", "failed", "cancelled", "queued"].includes(verb)) {
      total += (at - held.at) * held.gpus;
      since.delete(subject.name);
    }
  }
  expect(since.size).toBe(0);
  return total;
}

test(`the ledger adds up to the time that GPUs were held, and no GPU has two whole holders (seed ${seed})`, async () => {
  const random = seededRandom(seed);
  const pick = <Value>(list: readonly Value[]): Value | undefined => list[Math.floor(random.next() * list.length)];
  live = await standingPlatform([machineOf("n1", 2), machineOf("n2", 1)]);
  await live.apply("Team", "owners", { description: "" });
  await live.apply("Project", "default", { team: "owners", description: "" });
  await live.applyPool();
  const all = async (...states: readonly WorkloadState[]) =>
    (await live.compute.workloads.list({ active: true })).filter((each) => states.includes(each.state));
  /** Every event that wakes somebody was seen, every visit has ended, and none is due. */
  const quiet = async (): Promise<void> => {
    await until("everything is where it goes", async () => {
      const { rows } = await sql`
        select from event, reconcile_cursor where event.seq > reconcile_cursor.seq and verb not in ('starting', 'running')
        union all select from reconcile_item where lease_until is not null or due_at <= ${live.platform.clock.now()}
        union all select from workload where state in ('admitted', 'starting', 'preempted')
        union all select from workload where ended_at is null and (preempt is not null or cancel is not null)`.execute(
        live.platform.database,
      );
      return rows.length === 0;
    });
  };
  for (let step = 0; step < stepsCount; step += 1) {
    live.platform.clock.advance(1000 + Math.floor(random.next() * day * 0.1));
    const kind = random.next();
    if (kind < 0.5) {
      await live.submit(`w${step}`, {
        resources: gpus(pick([0, 0.25, 0.5, 1, 1, 2]) ?? 1),
        priority: pick([20, 50, 80]) ?? 50,
        command: { ...requestOf("").command, maxDurationMs: 30 * day },
      });
    } else {
      const running = pick(await all("running"));
      if (running === undefined) continue;
      const { id, attempt } = running;
      if (kind < 0.6) await live.compute.workloads.checkpoint(id, live.platform.clock.now());
      else if (kind < 0.7) await live.compute.workloads.cancel(id, "tester", "not needed");
      else live.driver.end({ id, attempt }, kind < 0.85 ? 0 : 3);
    }
    await quiet();
  }
  for (;;) {
    await quiet();
    const running = await all("running");
    if (running.length === 0 && (await all("queued")).length === 0) break;
    live.platform.clock.advance(60_000);
    for (const { id, attempt } of running) live.driver.end({ id, attempt });
  }

  const { rows } = await sql<Entry>`select * from usage_entry`.execute(live.platform.database);
  const total = rows.reduce((sum, row) => sum + ((row.to_at ?? Number.NaN) - row.from_at) * row.gpu_millis, 0) / 1000;
  expect(total).toBeGreaterThan(day);
  expect(total).toBe(await recount());
  const usage = (await live
    .call("GET", `/api/v1/usage?by=day&from=0&to=${live.platform.clock.now()}`)
    .catch(() => null)) as unknown;
  expect(usage).toMatchObject({ error: { code: "platform.request-invalid" } });
  const from = Math.min(...rows.map((row) => row.from_at));
  const { items } = (await live.call("GET", `/api/v1/usage?by=day,purpose&from=${from}`)) as {
    items: readonly { readonly day: string; readonly gpuSeconds: Readonly<Record<string, number>> }[];
  };
  const seconds = items.flatMap((item) => Object.values(item.gpuSeconds)).reduce((sum, each) => sum + each, 0);
  expect(seconds).toBeCloseTo(total / 1000, 3);
  expect(new Set(items.map((item) => item.day)).size).toBe(items.length);
  expect(items.length).toBeGreaterThan(2);
  const hourly = (await live.call("GET", `/api/v1/usage?by=day,hour,purpose&from=${from}`)) as {
    items: readonly {
      readonly day: string;
      readonly hour: string;
      readonly gpuSeconds: Readonly<Record<string, number>>;
    }[];
  };
  const hourSeconds = hourly.items
    .flatMap((item) => Object.values(item.gpuSeconds))
    .reduce((sum, each) => sum + each, 0);
  expect(hourSeconds).toBeCloseTo(total / 1000, 3);
  expect(hourly.items.every((item) => item.hour.startsWith(`${item.day}T`))).toBe(true);
  expect(new Set(hourly.items.map((item) => item.hour)).size).toBe(hourly.items.length);
  expectNoneTwice(rows);
  expect((await sql`select from gpu_claim`.execute(live.platform.database)).rows).toEqual([]);
  const { rows: uses } = await sql<{ sum: number }>`select sum(millis) from gpu_use`.execute(live.platform.database);
  expect(uses).toEqual([{ sum: 0 }]);
  expect(new Set(live.driver.launched).size).toBe(live.driver.launched.length);
}, 180_000);

/** At every moment at which somebody gets a GPU, its holders together hold at most the whole of it. */
function expectNoneTwice(rows: readonly Entry[]): void {
  for (const { device, from_at: at } of rows) {
    if (device === null) continue;
    const holders = rows.filter((row) => row.device === device && row.from_at <= at && (row.to_at ?? 0) > at);
    expect(holders.reduce((sum, row) => sum + row.gpu_millis, 0)).toBeLessThanOrEqual(1000);
  }
}
