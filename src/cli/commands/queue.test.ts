import { afterEach, expect, test } from "vitest";
import { recordingContext } from "../fixtures/recording-context.ts";
import { openStubApi, type StubApi } from "../fixtures/stub-api.ts";
import { queue } from "./queue.ts";
import { quota } from "./quota.ts";
import { reserveCreate } from "./reserve.ts";
import { usage } from "./usage.ts";
import { whatIf } from "./what-if.ts";

let api: StubApi;
afterEach(async () => await api.close());

const open = async (route: string, json: unknown) => {
  api = await openStubApi({ [route]: { json } });
  return recordingContext({ url: api.url });
};

test("the queue shows when each workload is planned to start", async () => {
  const context = await open("GET /api/v1/queue", { items: [] });
  const now = context.clock.now();
  await api.close();
  const item = (id: string, plannedStart: unknown) => ({
    id,
    project: "cats",
    owner: { kind: "TrainingJob", name: id },
    state: "queued",
    position: 1,
    queuedAt: now - 60_000,
    plannedStart,
    reason: { sentence: "it waits" },
  });
  const shown = await open("GET /api/v1/queue", {
    items: [item("a", { at: now + 3_600_000, isHeld: false }), item("b", { at: now, isHeld: true }), item("c", null)],
  });

  expect(await queue(shown)).toBe(0);
  expect(shown.printed.map((line) => line.split(/ {2,}/)[6])).toEqual(["START", "in 1h", "held", "-"]);
});

test("the queue tells how often estimates have held in each pool", async () => {
  const item = { id: "a", project: "cats", state: "queued", queuedAt: 0 };
  const context = await open("GET /api/v1/queue", {
    items: [item],
    estimates: [{ pool: "h100", made: 100, held: 91 }],
  });

  await queue(context);

  expect(context.printed.slice(-2)).toEqual(["", "of the last 100 p90 estimates in pool h100 91 held"]);
});

test("quotas are shown as a tree, in whole GPUs", async () => {
  const context = await open("GET /api/v1/quota-usage", {
    items: [
      { id: "team/vision", parent: "platform", share: 0.5, pastShare: 0.25, waiting: 0, resources: [] },
      {
        id: "project/cats",
        parent: "team/vision",
        share: 0,
        pastShare: 0,
        waiting: 2,
        resources: [
          { resource: "gpu", nominal: 2000, used: 2500, borrowed: 500, lent: 0, borrowingLimit: null },
          { resource: "cpu", nominal: null, used: 0, borrowed: 0, lent: 0, borrowingLimit: null },
        ],
      },
    ],
  });

  expect(await quota(context)).toBe(0);
  expect(context.printed.slice(1).map((line) => line.trimEnd().split(/ {2,}/).filter(Boolean))).toEqual([
    ["team/vision", "-", "-", "-", "-", "-", "-", "50%", "25%", "0"],
    ["project/cats", "gpu", "2", "2.5", "0.5", "0", "-", "0%", "0%", "2"],
  ]);
});

test("usage is asked for by names and shown in GPU-hours", async () => {
  const context = await open("GET /api/v1/usage", {
    items: [
      {
        project: "cats",
        gpuSeconds: { useful: 7200, idle: 0, lost: 1800, open: 0 },
        lostTo: { preempted: 1800, failed: 0, cancelled: 0 },
        cpuSeconds: 3600,
      },
    ],
  });

  expect(await usage(context, { by: "project", from: "2026-02-01" })).toBe(0);
  expect(api.asked[0]?.url).toBe(`/api/v1/usage?by=project&from=${Date.UTC(2026, 1, 1)}`);
  expect(context.printed[1]?.split(/ +/)).toEqual(["cats", "2.00", "0", "0.50", "0.50", "0", "0", "1.00"]);
  await expect(usage(context, { by: "colour" })).rejects.toThrow(/--by colour means nothing; write project/);
});

test("a change is read from YAML, and told by whose start moves and by the sums", async () => {
  const totals = { started: 2, neverStarted: 0, waitMsMean: 60_000, utilisation: 0.5, lostGpuSeconds: 0 };
  api = await openStubApi({
    "POST /api/v1/whatif": {
      json: {
        at: 1000,
        starts: [{ name: "TrainingJob/big", queue: "project/cats", kind: "earlier", before: 3_601_000, after: 1000 }],
        evictions: [],
        before: totals,
        after: { ...totals, utilisation: 0.75 },
        isCutOff: false,
      },
    },
  });
  const context = recordingContext({ url: api.url, input: "cancel: [w1]\n" });

  expect(await whatIf(context, { file: ["-"] })).toBe(0);
  expect(api.asked[0]?.body).toEqual({ cancel: ["w1"] });
  expect(context.printed.map((line) => line.trimEnd())).toEqual([
    "starts that change",
    "  WORKLOAD         QUEUE         CHANGE   BEFORE  AFTER",
    "  TrainingJob/big  project/cats  earlier  in 1h   now",
    "",
    "IN ALL                 BEFORE  AFTER",
    "waiting that starts    2       2",
    "waiting that does not  0       0",
    "mean wait              1m      1m",
    "GPUs in use            50%     75%",
    "lost GPU hours         0.0     0.0",
  ]);
});

test("nodes are reserved from now on, for as long as is asked", async () => {
  const context = await open("POST /api/v1/apply", { results: [{ outcome: "created" }] });
  const now = context.clock.now();

  await reserveCreate(context, { name: "course", pool: "training", count: 2, for: "4h", queue: ["cats"] });

  expect(api.asked[0]?.body).toEqual({
    manifests: [
      {
        kind: "Reservation",
        name: "course",
        spec: {
          pool: "training",
          count: 2,
          start: new Date(now).toISOString(),
          end: new Date(now + 4 * 3_600_000).toISOString(),
          queues: ["cats"],
          reason: "",
        },
      },
    ],
  });
  await expect(reserveCreate(context, { name: "x", pool: "p" })).rejects.toThrow(/until when/);
});
