import { expect, test } from "vitest";
import { seededRandom } from "../../base/random.ts";
import { modelRoute } from "../fixtures/model-route.ts";
import { AdmissionQueue, type AdmissionTicket } from "./admission/admission-queue.ts";
import { DeploymentDesk } from "./deployment-desk.ts";
import type { ModelReplica, ModelRoute } from "./routing-table.ts";
import type { Place } from "./version-desk.ts";
import { createBalancer } from "./routing/create-balancer.ts";

const ask = { tokensIn: 10, tokensOut: 10, blocks: null, session: null, adapter: null };
const said = { running: 0, kvTokens: null, adapters: null };
const busy = { ...said, waiting: 9, kvUsage: 0.99 };
const version = { versionId: "chat-1" };
const calm = { ...said, waiting: 0, kvUsage: 0.2 };

function deskOf(replicas: readonly Partial<ModelReplica>[], admission: Partial<ModelRoute["admission"]> = {}) {
  const parts = {
    balancer: () => createBalancer("least-load", { tokensPerBlock: 64, indexEntriesMax: 1_024 }, seededRandom(1)),
    queue: (_route: ModelRoute, places: number, now: number) => new AdmissionQueue(places, now),
  };
  const policy = { maxConcurrent: null, maxQueued: 512, queueTimeoutMs: 60_000, ...admission };
  return new DeploymentDesk(modelRoute("chat", replicas, { admission: policy }), parts, 0);
}

/** Offers as many requests; answers how many of them are under way at once. */
function offer(desk: DeploymentDesk, count: number): number {
  let admitted = 0;
  for (let request = 0; request < count; request += 1) {
    const answer = desk.queue.offer({ band: "interactive", tenant: "t", cost: 1, deadline: 1e9 }, 0);
    if (answer.kind !== "admitted") continue;
    admitted += 1;
    desk.champion?.pick(ask, new Set(), 0);
  }
  return admitted;
}

test("128 requests at once to an upstream that is fast, or says nothing, are never made to wait", () => {
  const desk = deskOf([{ id: "r0", engine: "vllm" }]);
  expect(offer(desk, 128)).toBe(128);
  for (let now = 0; now < 60_000; now += 1_000) desk.correct(version, "r0", calm, now);

  expect(offer(desk, 128)).toBe(128);
  expect(desk.champion?.loads()).toMatchObject([{ capacity: null }]);
});

test("once requests wait in every engine, later ones wait in the gateway, and go on as the engines work on more", () => {
  const desk = deskOf([
    { id: "r0", engine: "vllm" },
    { id: "r1", engine: "vllm" },
  ]);
  expect(offer(desk, 40)).toBe(40);
  desk.correct(version, "r0", busy, 1_000);
  expect(offer(desk, 1)).toBe(1);
  desk.correct(version, "r1", busy, 1_000);
  expect(offer(desk, 1)).toBe(0);
  expect(desk.champion?.loads().map(({ capacity }) => capacity)).toEqual([18, 18]);

  const woken: AdmissionTicket[] = [];
  for (let now = 2_000; now < 12_000; now += 1_000) {
    for (const replica of ["r0", "r1"]) woken.push(...desk.correct(version, replica, calm, now));
  }
  expect(woken).toHaveLength(1);
});

test("what the replicas say and what the spec allows bounds as before; what is learnt bounds further", () => {
  expect(offer(deskOf([{ id: "r0", slots: 3 }]), 10)).toBe(3);
  expect(offer(deskOf([{ id: "r0", slots: 3 }], { maxConcurrent: 5 }), 10)).toBe(5);
  const desk = deskOf([{ id: "r0", engine: "vllm" }], { maxConcurrent: 10 });
  expect(offer(desk, 30)).toBe(10);
  desk.correct(version, "r0", busy, 0);
  expect(desk.champion?.loads()).toMatchObject([{ capacity: 9 }]);
});

test("a replica that is full is left to its neighbour while that one has room", () => {
  const desk = deskOf([
    { id: "r0", engine: "vllm" },
    { id: "r1", engine: "vllm" },
  ]);
  offer(desk, 40);
  desk.correct(version, "r0", busy, 1_000);
  const picks = Array.from({ length: 10 }, () => desk.champion?.pick(ask, new Set(), 1_000)?.replica.id);

  expect(new Set(picks)).toEqual(new Set(["r1"]));
});

/** Workers of one gateway, and what each has under way at `chat`. */
class Workers {
  readonly desks: readonly DeploymentDesk[];
  readonly #underWay: { readonly ticket: AdmissionTicket; readonly place: Place }[][];
  #now = 0;

  constructor(count: number, slots: number, admission: Partial<ModelRoute["admission"]> = {}) {
    this.desks = Array.from({ length: count }, () => deskOf([{ id: "r0", slots }], admission));
    this.#underWay = this.desks.map(() => []);
  }

  get underWay(): readonly number[] {
    return this.#underWay.map((all) => all.length);
  }

  ask(worker: number, count: number): void {
    for (let request = 0; request < count; request += 1) {
      const answer = this.#desk(worker).queue.offer(
        { band: "interactive", tenant: "t", cost: 1, deadline: 1e9 },
        this.#now,
      );
      if (answer.kind === "admitted") this.#begin(worker, answer);
    }
  }

  /** Each worker tells the others what it holds. */
  tell(): void {
    this.#now += 50;
    const news = this.desks.map((desk) => desk.champion?.takeNews() ?? { learnt: [], loads: [] });
    for (const [reader, desk] of this.desks.entries()) {
      for (const [teller, told] of news.entries()) {
        if (reader !== teller) desk.champion?.hear(`worker-${teller}`, told, this.#now);
      }
      for (const ticket of desk.resize(this.#now)) this.#begin(reader, ticket);
    }
  }

  /** The oldest request of each worker ends. */
  end(): void {
    for (const [worker, all] of this.#underWay.entries()) {
      const oldest = all.shift();
      if (oldest === undefined) continue;
      const desk = this.#desk(worker);
      desk.champion?.end(oldest.place, { kind: "done", tokensIn: 1, tokensOut: 1 }, this.#now);
      for (const ticket of desk.queue.release(oldest.ticket, 1, this.#now)) this.#begin(worker, ticket);
    }
  }

  #desk(worker: number): DeploymentDesk {
    const desk = this.desks[worker];
    if (desk === undefined) throw new Error(`there is no worker ${worker}`);
    return desk;
  }

  #begin(worker: number, ticket: AdmissionTicket): void {
    const place = this.#desk(worker).champion?.pick(ask, new Set(), this.#now);
    if (place === null || place === undefined) throw new Error("no replica was picked");
    this.#underWay[worker]?.push({ ticket, place });
  }
}

test.each([
  ["a replica's slots", 4, {}],
  ["what the deployment may have under way", 64, { maxConcurrent: 4 }],
] as const)(
  "workers of one gateway share %s: one alone has all, and gives half back as soon as the other asks",
  (_, slots, admission) => {
    const workers = new Workers(2, slots, admission);
    workers.tell();
    workers.ask(0, 20);
    expect(workers.underWay).toEqual([4, 0]);
    workers.tell();
    workers.ask(1, 20);
    expect(workers.underWay).toEqual([4, 2]);
    workers.tell();
    for (let round = 0; round < 2; round += 1) {
      workers.end();
      workers.tell();
      expect(workers.underWay.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(6);
    }

    expect(workers.underWay).toEqual([2, 2]);
  },
);
