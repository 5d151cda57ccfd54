import { afterAll, beforeAll, expect, test } from "vitest";
import { type FreshPlatform, freshPlatform } from "../../test/platform.ts";
import type { TrafficBatch } from "./gateway/messages.ts";
import { refusalSeries } from "./refusal-series.ts";
import { TrafficStore } from "./traffic-store.ts";

let platform: FreshPlatform;

beforeAll(async () => {
  platform = await freshPlatform();
});
afterAll(async () => await platform.close());

const nothing = { windows: [], shadows: [], predictions: [], dropped: 0, ejected: [] };

test("a deployment's refusals are told apart from those that named none, once however often they are handed over", async () => {
  const traffic = new TrafficStore(platform.database as never, platform.clock);
  const chat = { project: "flights", deployment: "chat" };
  const batch: TrafficBatch = {
    ...nothing,
    gateway: "g",
    sequence: 1,
    refusals: [
      { ...chat, reason: "limit-requests", startsAt: 10_000, requests: 7 },
      { ...chat, reason: "limit-requests", startsAt: 20_000, requests: 2 },
      { ...chat, reason: "late", startsAt: 40_000, requests: 3 },
      { project: "flights", deployment: "", reason: "malformed", startsAt: 10_000, requests: 4 },
      { project: "", deployment: "", reason: "unknown-key", startsAt: 10_000, requests: 5 },
      { project: "trains", deployment: "", reason: "malformed", startsAt: 10_000, requests: 100 },
      { project: "flights", deployment: "other", reason: "late", startsAt: 10_000, requests: 100 },
      { ...chat, reason: "late", startsAt: 90_000, requests: 100 },
    ],
  };
  await traffic.record(batch);
  await traffic.record(batch);
  await traffic.record({
    ...batch,
    sequence: 2,
    refusals: [{ ...chat, reason: "late", startsAt: 40_000, requests: 1 }],
  });
  // As a gateway of an earlier release has it.
  await traffic.record({ ...nothing, gateway: "old", sequence: 1 });
  const found = refusalSeries(await traffic.refusals.read("flights", "chat", { from: 0, to: 90_000, stepMs: 30_000 }));

  expect(found).toEqual([
    { scope: "deployment", reason: "limit-requests", requests: 9, points: [{ at: 0, requests: 9 }] },
    { scope: "platform", reason: "unknown-key", requests: 5, points: [{ at: 0, requests: 5 }] },
    { scope: "deployment", reason: "late", requests: 4, points: [{ at: 30_000, requests: 4 }] },
    { scope: "project", reason: "malformed", requests: 4, points: [{ at: 0, requests: 4 }] },
  ]);
  await traffic.prune(0, 90_000);
  expect(await traffic.refusals.read("flights", "chat", { from: 0, to: 90_000, stepMs: 30_000 })).toEqual([]);
});
