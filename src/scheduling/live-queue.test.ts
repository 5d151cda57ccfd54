import { sql } from "kysely";
import { afterEach, describe, expect, test } from "vitest";
import { until } from "../../test/until.ts";
import { isFault } from "../base/fault.ts";
import { appendEvents } from "../platform/event-log.ts";
import { quotaKind } from "./model.ts";
import { gpus, requestOf, standingPlatform, type StandingPlatform } from "./fixtures/standing-platform.ts";
import { machineOf } from "./fixtures/world-values.ts";
import { reservationKind } from "./reservations/model.ts";
import { schedulingRoom } from "./room.ts";

const hourMs = 3_600_000;
const hour = (count: number) => ({ ...requestOf("").command, maxDurationMs: count * hourMs });

describe("the queue of a running platform", () => {
  let live: StandingPlatform;

  const open = async (...sizes: readonly number[]): Promise<void> => {
    live = await standingPlatform(sizes.map((size, index) => machineOf(`n${index + 1}`, size)));
    await people("default");
    await live.applyPool();
  };
  const people = async (...projects: readonly string[]): Promise<void> => {
    await live.apply("Team", "owners", { description: "" });
    for (const project of projects) await live.apply("Project", project, { team: "owners", description: "" });
  };
  afterEach(async () => {
    await live.close();
  });

  test("lets a short run pass a large one that waits for room, and tells when both start", async () => {
    await open(2);
    await live.submit("runs");
    await live.reach("runs", "running");
    await live.submit("large", { resources: gpus(2) });
    await until("large has a planned start", async () => (await planOf("large")) !== undefined);
    await live.submit("long", { command: hour(2) });
    expect((await reasonOf("long")).blockers).toMatchObject([{ id: "large" }]);
    await live.submit("short", { command: hour(1) });
    await live.reach("short", "running");
    const now = live.platform.clock.now();

    expect(await planOf("large")).toMatchObject({ at: now + hourMs, isHardBound: true, isHeld: false });
    await until("long has a planned start", async () => (await planOf("long"))?.at === now + 2 * hourMs);
    expect((await live.get("long")).state).toBe("queued");
  });

  const queueItem = async (id: string): Promise<Record<string, unknown> | undefined> => {
    const { items } = (await live.call("GET", "/api/v1/queue")) as { items: readonly Record<string, unknown>[] };
    return items.find((item) => item["id"] === id);
  };
  const planOf = async (id: string) =>
    ((await queueItem(id))?.["plannedStart"] ?? undefined) as { readonly at: number } | undefined;
  const reasonOf = async (id: string) =>
    await until(`${id} finds the room kept for others`, async () => {
      const { reason } = await live.get(id);
      return reason?.code === "reserved-capacity" ? reason : undefined;
    });

  test("lets a higher priority have the place of a lower one, which goes on from its checkpoint later", async () => {
    await open(1);
    const start = live.platform.clock.now();
    await live.submit("low", { priority: 10 });
    await live.reach("low", "running");
    live.platform.clock.advance(100_000);
    await live.compute.workloads.checkpoint("low", start + 60_000);
    await live.submit("high", { priority: 90 });
    await live.reach("high", "running");
    const low = await live.reach("low", "queued");

    expect(low).toMatchObject({ attempt: 2, timesPreempted: 1, checkpointAt: start + 60_000, outcome: null });
    live.platform.clock.advance(10_000);
    await live.end("high");
    await live.reach("low", "running");
    expect((await live.verbsOf("low")).join(" ")).toBe(
      "queued admitted starting running preemption-requested preempted queued admitted starting running",
    );
    const done = await live.end("low");
    expect(done).toMatchObject({ state: "succeeded", attempt: 2 });
    const usage = await live.call("GET", "/api/v1/usage?by=owner");
    expect(usage).toMatchObject({
      items: [
        { owner: "TrainingJob/high", gpuSeconds: { useful: 10, lost: 0 } },
        {
          owner: "TrainingJob/low",
          gpuSeconds: { useful: 60, lost: 40, idle: 0, open: 0 },
          lostTo: { preempted: 40, failed: 0, cancelled: 0 },
        },
      ],
    });
  });

  test("puts several shares on one GPU, and never more than there is", async () => {
    await open(1);
    for (const id of ["a", "b", "c"]) await live.submit(id, { resources: gpus(0.5) });
    const [first, second] = [await live.reach("a", "running"), await live.reach("b", "running")];
    const third = await until("c has a reason", async () => (await live.get("c")).reason ?? undefined);

    expect([first, second].map(({ places }) => places.map(({ gpus: held }) => held.map((gpu) => gpu.millis)))).toEqual([
      [[500]],
      [[500]],
    ]);
    expect(third).toMatchObject({ code: "insufficient-gpus" });
    await expect(
      sql`insert into gpu_claim (device, workload, millis) values ('n1/0', 'c', 1)`.execute(live.platform.database),
    ).rejects.toThrow(/gpu_use_within_whole/);
    await live.end("a");
    await live.reach("c", "running");
  });

  test("starts all members of a workload at once, and gives members of an elastic one to who needs them", async () => {
    await open(2, 2);
    await live.submit("elastic", { resources: gpus(1), members: { min: 1, max: 4 }, priority: 10 });
    const elastic = await live.reach("elastic", "running");
    await live.submit("gang", { resources: gpus(1), members: { min: 2, max: 2 }, priority: 90 });
    const gang = await live.reach("gang", "running");
    const after = await live.get("elastic");

    expect([elastic.places.length, gang.places.length, after.places.length]).toEqual([4, 2, 2]);
    expect(after).toMatchObject({ state: "running", attempt: 1, timesPreempted: 0 });
    expect(await live.verbsOf("elastic")).toContain("shrunk");
    const devices = [...gang.places, ...after.places].flatMap((place) => place.gpus.map((gpu) => gpu.device));
    expect(new Set(devices).size).toBe(4);
  });

  test("takes lent GPUs back for their owner, and follows a change of its quota", async () => {
    await open(2);
    await people("lender", "borrower");
    const quota = (project: string, nominal: number, limit?: number) =>
      quotaKind.spec.parse({
        project,
        gpus: { any: { nominal, ...(limit === undefined ? {} : { borrowingLimit: limit }) } },
      });
    await live.apply("Quota", "lender", quota("lender", 2));
    await live.apply("Quota", "borrower", quota("borrower", 0, 1));
    const by = (project: string, id: string) =>
      live.submit(id, { project, owner: { kind: "TrainingJob", project, name: id } });
    await by("borrower", "one");
    await by("borrower", "two");
    await live.reach("one", "running");
    const waiting = await until("two waits for quota", async () => {
      const { reason } = await live.get("two");
      return reason?.code === "quota-in-use" ? reason : undefined;
    });
    expect(waiting.sentence).toMatch(/has 0 GPUs and may borrow 1 GPU, of which 1 GPU/);
    expect(await quotaUse("project/borrower")).toMatchObject({ used: 1000, borrowed: 1000, nominal: 0 });
    expect(await quotaUse("project/lender")).toMatchObject({ used: 0, lent: 1000, nominal: 2000 });

    await live.apply("Quota", "borrower", quota("borrower", 0, 2));
    await live.reach("two", "running");
    await by("lender", "own");
    await live.reach("own", "running");
    const counts = await Promise.all(["one", "two"].map(async (id) => (await live.get(id)).timesPreempted));
    expect(counts.reduce((sum, each) => sum + each, 0)).toBe(1);
  });

  const quotaUse = async (id: string) => {
    const { items } = (await live.call("GET", "/api/v1/quota-usage")) as {
      items: readonly { id: string; resources: readonly { resource: string }[] }[];
    };
    return items.find((item) => item.id === id)?.resources.find(({ resource }) => resource === "gpu");
  };

  test("reads a quota by its name, whatever it is called", async () => {
    await open(1);
    await live.apply("Quota", "usage", quotaKind.spec.parse({ team: "owners", gpus: { any: { nominal: 1 } } }));

    expect(await live.call("GET", "/api/v1/quotas/usage")).toMatchObject({ kind: "Quota", name: "usage" });
    expect(await quotaUse("team/owners")).toMatchObject({ nominal: 1000 });
  });

  test("sets nodes aside for whom they are reserved, until it is told otherwise", async () => {
    await open(1);
    await people("course");
    const [start, end] = [0, 4].map((hours) => new Date(live.platform.clock.now() + hours * hourMs).toISOString());
    const spec = reservationKind.spec.parse({ pool: "training", count: 1, start, end, queues: ["course"] });
    await live.apply("Reservation", "course", spec);
    await until("its nodes are set aside", async () => {
      const reservation = await live.platform.resources.get(reservationKind, null, "course");
      return reservation?.status.phase === "active";
    });
    await live.submit("other");
    await until("other has a planned start", async () => (await planOf("other")) !== undefined);
    await live.submit("lesson", { project: "course", command: hour(1) });
    await live.reach("lesson", "running");

    expect(await planOf("other")).toMatchObject({ at: live.platform.clock.now() + 4 * hourMs });
    expect(await live.call("GET", "/api/v1/schedule")).toMatchObject({
      nodes: [{ node: "n1", spans: [{ kind: "running", id: "lesson" }, { kind: "reserved" }, { kind: "planned" }] }],
    });
    await live.end("lesson");
    await live.platform.resources.requestDeletion("tester", { kind: "Reservation", project: null, name: "course" });
    await live.reach("other", "running");
  });

  test("tells of who is in the way whose it is, what it holds and when it ends", async () => {
    await open(2);
    const start = live.platform.clock.now();
    const subject = { kind: "TrainingJob", project: "default", name: "runs" };
    await live.platform.database.transaction().execute(async (transaction) => {
      await appendEvents(transaction, [
        { at: start, actor: "ada", verb: "created", subject, message: "TrainingJob/runs was created", data: {} },
      ]);
    });
    await live.submit("runs", { resources: gpus(2), command: hour(3) });
    await live.reach("runs", "running");
    await live.submit("waits");
    await until("it has a reason", async () => (await live.get("waits")).reason ?? undefined);

    expect(await live.call("GET", "/api/v1/projects/default/workloads/waits/why")).toMatchObject({
      reason: {
        blockers: [
          {
            id: "runs",
            name: "TrainingJob/runs",
            kind: "running",
            owner: { kind: "TrainingJob", name: "runs", project: "default", team: "owners", identity: "ada" },
            gpus: 2,
            endsBy: start + 3 * hourMs,
            endsP50: null,
            endsP90: null,
          },
        ],
      },
    });
  });

  test("compares what was foreseen with what happened, and tells how often it held", async () => {
    await open(1);
    const later = async (spanMs: number, id: string): Promise<void> => {
      live.platform.clock.advance(spanMs);
      await live.submit(id);
      await until(`${id} has a reason`, async () => (await live.get(id)).reason ?? undefined);
    };
    const foreseen = async (id: string) =>
      await until(`the start of ${id} is foreseen`, async () => {
        const { rows } = await sql`select from start_estimate where workload = ${id}`.execute(live.platform.database);
        return rows.length > 0;
      });
    await live.submit("runs");
    await live.reach("runs", "running");
    await later(0, "second");
    await later(40_000, "third");
    await foreseen("second");
    await later(40_000, "fourth");
    await foreseen("third");
    // What runs has a limit of an hour: the second starts in time, the third an hour too late.
    await live.end("runs");
    await live.reach("second", "running");
    await live.compute.workloads.cancel("fourth", "tester", "not wanted");
    live.platform.clock.advance(3 * hourMs);
    await live.end("second");
    await live.reach("third", "running");
    await later(40_000, "fifth");
    await later(40_000, "sixth");
    const why = async () => await live.call("GET", "/api/v1/projects/default/workloads/sixth/why");
    const told = await until("both have been compared", async () => {
      const answer = (await why()) as { readonly record: { readonly made: number } | null };
      return answer.record?.made === 2 ? answer : undefined;
    });

    expect(told).toMatchObject({ record: { scope: "all", made: 2, held: 1, isCorrected: false } });
    expect(await live.call("GET", "/api/v1/queue")).toMatchObject({
      estimates: [{ pool: "training", made: 2, held: 1 }],
    });
    const { rows } = await sql<{ workload: string }>`
      select workload from start_estimate where started_at is null and workload = 'fourth'`.execute(
      live.platform.database,
    );
    expect(rows).toEqual([]);
  });

  test("tells what a change would do, and leaves everything as it is", async () => {
    await open(1);
    await live.submit("runs", { command: hour(2) });
    await live.reach("runs", "running");
    await live.submit("waits");
    await until("it has a planned start", async () => (await planOf("waits")) !== undefined);
    const now = live.platform.clock.now();
    const answer = await live.call("POST", "/api/v1/whatif", {
      addNodes: [{ pool: "training" }],
      submit: [{ name: "mine", pools: ["training"], gpus: 1, limit: "1h" }],
    });

    expect(answer).toMatchObject({
      starts: [
        { name: "WhatIf/mine", kind: "new", before: null, after: now + hourMs },
        { id: "waits", kind: "earlier", before: now + 2 * hourMs, after: now },
      ],
      evictions: [],
    });
    expect((await live.get("waits")).state).toBe("queued");
    const edits = [{ id: "waits", field: "members", to: { min: 2, max: 2 } }];
    expect(await live.call("POST", "/api/v1/whatif", { edits })).toMatchObject({
      starts: [{ id: "waits", kind: "never", before: now + 2 * hourMs, after: null }],
    });
    const gone = [{ id: "nobody", field: "priority", to: 90 }];
    expect(await live.call("POST", "/api/v1/whatif", { edits: gone })).toMatchObject({
      error: { message: expect.stringContaining("there is no workload nobody") },
    });
    expect(await live.call("POST", "/api/v1/whatif", { drain: [{ pool: "training", nodes: ["n9"] }] })).toMatchObject({
      error: { code: "platform.request-invalid", message: expect.stringContaining("no nodes n9") },
    });
    expect(await live.call("POST", "/api/v1/whatif", {})).toMatchObject({
      error: { code: "platform.request-invalid" },
    });
  });

  test("stays true to the database when another control plane takes passes in between", async () => {
    await open(2, 2);
    const other = schedulingRoom(live.platform, { queue: live.compute.queue, workloads: live.compute.workloads });
    // Both start as if the other were gone: each takes the other's leases, again and again.
    const rivals = await Promise.all([1, 2, 3].map(() => live.platform.run(other.controllers)));
    const ids = Array.from({ length: 12 }, (_, index) => `w${index}`);
    for (const [index, id] of ids.entries()) await live.submit(id, { resources: gpus(index % 3 === 0 ? 0.5 : 1) });
    for (let left = ids; left.length > 0; ) {
      const states = await Promise.all(left.map(async (id) => ({ id, state: (await live.get(id)).state })));
      const [first] = states.filter(({ state }) => state === "running");
      if (first !== undefined) await live.end(first.id);
      left = states.filter(({ id }) => id !== first?.id).map(({ id }) => id);
      for (const rival of rivals) rival.notify();
    }
    for (const rival of rivals) await rival.stop();

    expect(live.driver.launched.toSorted()).toEqual(ids.map((id) => `${id}/1`).toSorted());
    const { rows } = await sql`select from gpu_claim union all select from gpu_use where millis <> 0`.execute(
      live.platform.database,
    );
    expect(rows).toEqual([]);
  });

  test("says why a workload waits whose queue is not there", async () => {
    await open(1);
    await live.submit("lost", { queue: "nowhere" });
    const reason = await until("it has a reason", async () => (await live.get("lost")).reason ?? undefined);

    expect(reason).toMatchObject({ code: "no-such-queue", sentence: expect.stringContaining("nowhere") });
  });

  test("refuses more members than the driver runs, and a changing number where it cannot take any away", async () => {
    await open(4);
    const isRefused = (error: unknown): boolean => isFault(error, "compute.request-impossible");
    Object.assign(live.driver, { membersMax: 2, canShrink: false });

    await expect(live.submit("large", { members: { min: 3, max: 3 } })).rejects.toSatisfy(isRefused);
    await expect(live.submit("elastic", { members: { min: 1, max: 2 } })).rejects.toSatisfy(isRefused);
    await live.submit("gang", { members: { min: 2, max: 2 } });
    expect((await live.reach("gang", "running")).places).toHaveLength(2);
  });
});
