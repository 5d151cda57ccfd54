import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshPlatform, type FreshPlatform } from "../../test/platform.ts";
import { until } from "../../test/until.ts";
import { readEvents } from "../platform/event-log.ts";
import { createHttpServer } from "../platform/http-server.ts";
import { type LineageGraph, modelKind } from "./model.ts";
import type { ModelRegistry, ModelUses } from "./ports.ts";
import { registryRoom } from "./room.ts";
import { RegistryStore } from "./store.ts";

type Candidate = Parameters<ModelRegistry["register"]>[0];

let platform: FreshPlatform;
let store: RegistryStore;

beforeAll(async () => {
  platform = await freshPlatform();
  store = new RegistryStore(platform.database as never, platform.clock);
});
afterAll(async () => await platform.close());

function candidate(id: string, model: string, fields: Partial<Candidate> = {}): Candidate {
  return {
    id,
    project: "default",
    model,
    objectKey: `runs/${id}/model.onnx`,
    sha256: createHash("sha256").update(id).digest("hex"),
    inputs: ["distance", "hour"],
    lineage: {
      trainingJob: "train",
      runId: `run-${id}`,
      workload: `w-${id}`,
      codeHash: "c0de",
      trainingSet: { id: "set", fingerprint: "ff", rows: 500_000, from: 1, to: 2 },
      datasets: ["flights-prepared@1"],
      featureViews: ["origin-delay"],
      startedBy: "user:ada",
    },
    registeredBy: "controller:training",
    ...fields,
  };
}

const pass = {
  passed: true,
  metrics: { auc: 0.7 },
  evaluation: "gate",
  message: "auc 0.7",
  actor: "controller:evaluation",
};
const approvedBy = (identity: string) => ({
  identity,
  override: false,
  reason: null,
  comment: "looks right",
  approvalsRequired: 1,
});

async function verbsOf(id: string): Promise<readonly string[]> {
  const events = await readEvents(platform.database, {
    kind: "ModelVersion",
    name: id,
    limit: 100,
    order: "oldest-first",
  });
  return events.map((event) => event.verb);
}

describe("the registry", () => {
  test("registers the same candidate once, and refuses the id for another file", async () => {
    const first = await store.register(candidate("once", "once"));
    const second = await store.register(candidate("once", "once"));

    expect(second).toEqual(first);
    expect(first).toMatchObject({ state: "candidate", version: null, aliases: [] });
    expect(await verbsOf("once")).toEqual(["registered"]);
    await expect(store.register(candidate("once", "once", { sha256: "b".repeat(64) }))).rejects.toThrow(/already/);
  });

  test("gives a number when the gate passes, the alias when a second person approves, an event for each", async () => {
    await store.register(candidate("whole-1", "whole"));
    const passed = await store.recordEvaluation("whole-1", pass);
    expect(passed).toMatchObject({ state: "passed", version: 1, metrics: { auc: 0.7 } });
    expect(await store.recordEvaluation("whole-1", { ...pass, passed: false })).toEqual(passed);

    await expect(store.approve("whole-1", approvedBy("ada"))).rejects.toMatchObject({ code: "tenancy.self-approval" });
    expect(await store.approve("whole-1", approvedBy("grace"))).toMatchObject({
      state: "approved",
      aliases: ["champion"],
    });
    expect(await verbsOf("whole-1")).toEqual(["registered", "passed", "approved", "alias-set"]);

    await store.register(candidate("whole-2", "whole"));
    await store.recordEvaluation("whole-2", pass);
    expect(await store.approve("whole-2", approvedBy("grace"))).toMatchObject({ version: 2, aliases: ["candidate"] });

    await store.setAlias("whole-2", "champion", "controller:deployment", "canary passed");
    await store.removeAlias("default", "whole", "candidate", "controller:deployment", "rollout done");
    expect(await store.byAlias("default", "whole", "champion")).toMatchObject({ id: "whole-2", aliases: ["champion"] });
    expect(await store.get("whole-1")).toMatchObject({ aliases: [], state: "approved" });
    await expect(store.retire("whole-2", "grace", "old")).rejects.toMatchObject({ code: "registry.in-use" });
    expect(await store.retire("whole-1", "grace", "replaced")).toMatchObject({ state: "retired" });
  });

  test("rejects what fails its gate; an alias for it is refused; an override with a reason lets it serve", async () => {
    await store.register(candidate("bad", "bad"));
    const rejected = await store.recordEvaluation("bad", { ...pass, passed: false, message: "auc 0.4 < 0.6" });
    expect(rejected).toMatchObject({ state: "rejected", version: null });
    await expect(store.setAlias("bad", "champion", "x", "y")).rejects.toMatchObject({ code: "registry.not-approved" });
    await expect(store.approve("bad", approvedBy("grace"))).rejects.toMatchObject({ code: "registry.not-passed" });

    const forced = await store.approve("bad", { ...approvedBy("grace"), override: true, reason: "to show a rollback" });
    expect(forced).toMatchObject({ state: "approved", version: 1, aliases: ["champion"] });
    expect(await store.approvals("bad")).toMatchObject([{ decision: "overridden", comment: "to show a rollback" }]);
  });

  test("numbers versions without gaps or twins when many pass at once", async () => {
    const ids = Array.from({ length: 8 }, (_, index) => `crowd-${index}`);
    await Promise.all(ids.map(async (id) => await store.register(candidate(id, "crowd"))));
    const passed = await Promise.all(ids.map(async (id) => await store.recordEvaluation(id, pass)));

    expect(passed.map((each) => each.version ?? 0).toSorted((left, right) => left - right)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8,
    ]);
    const approved = await Promise.all(ids.map(async (id) => await store.approve(id, approvedBy("grace"))));
    expect(approved.filter((each) => each.aliases.includes("champion"))).toHaveLength(1);
  });
});

describe("the registry's routes", () => {
  const none: ModelUses = { usesOf: async () => [{ name: "flight-delay", detail: "champion" }] };
  const datasets = { latest: async () => undefined, version: async () => undefined };

  test("take an upload, register it like another version, and draw its lineage", async () => {
    const room = registryRoom(platform, { datasets, uses: none });
    const app = createHttpServer({ ...platform, routes: room.routes, defaultProject: "default" } as never);
    await store.register(candidate("basis", "uploaded"));
    const content = Buffer.from("onnx bytes");
    const headers = { authorization: "Bearer x" };
    const base = "/api/v1/projects/default";

    const upload = await app.inject({
      method: "PUT",
      url: `${base}/model-files/broken.onnx`,
      headers: { ...headers, "content-type": "application/octet-stream" },
      payload: Readable.from([content]),
    });
    expect(upload.json()).toMatchObject({ bytes: 10, sha256: createHash("sha256").update(content).digest("hex") });

    const body = { model: "uploaded", objectKey: upload.json<{ objectKey: string }>().objectKey, basedOn: "basis" };
    const registered = await app.inject({ method: "POST", url: `${base}/model-versions`, headers, payload: body });
    expect(registered.json()).toMatchObject({
      state: "candidate",
      inputs: ["distance", "hour"],
      registeredBy: "tester",
    });

    const { objectKey } = body;
    const language = await app.inject({
      method: "POST",
      url: `${base}/model-versions`,
      headers,
      payload: { model: "uploaded", objectKey },
    });
    expect(language.json()).toMatchObject({ state: "candidate", inputs: [], lineage: { trainingSet: null } });
    const half = { model: "uploaded", objectKey, inputs: ["distance"] };
    const halfTold = await app.inject({ method: "POST", url: `${base}/model-versions`, headers, payload: half });
    expect([halfTold.statusCode, halfTold.json<{ error: { message: string } }>().error.message]).toEqual([
      400,
      expect.stringContaining("found inputs without trainingWindow"),
    ]);

    const other = { ...body, objectKey: "model-files/other/x/broken.onnx" };
    const foreign = await app.inject({ method: "POST", url: `${base}/model-versions`, headers, payload: other });
    expect(foreign.statusCode).toBe(400);

    const lineage = await app.inject({ url: `${base}/model-versions/basis/lineage`, headers });
    expect(lineage.json<LineageGraph>().nodes.map((node) => node.kind)).toEqual([
      "dataset",
      "feature-view",
      "training-set",
      "run",
      "version",
      "deployment",
    ]);
    const elsewhere = await app.inject({ url: "/api/v1/projects/other/model-versions/basis", headers });
    expect(elsewhere.statusCode).toBe(404);
    await app.close();
  });
});

test("a model's status follows its versions", async () => {
  const room = registryRoom(platform, {
    datasets: { latest: async () => undefined, version: async () => undefined },
    uses: { usesOf: async () => [] },
  });
  await platform.resources.apply("ada", {
    kind: "Model",
    project: "default",
    name: "followed",
    spec: modelKind.spec.parse({}),
  });
  const reconciler = await platform.run(room.controllers);
  await store.register(candidate("followed-1", "followed"));
  await store.recordEvaluation("followed-1", pass);
  reconciler.notify();

  const model = await until("the model waits for an approval", async () => {
    const found = await platform.resources.get(modelKind, "default", "followed");
    return found?.status.phase === "waiting" && found;
  });
  expect(model.status).toMatchObject({ versions: 1, waitingForApproval: 1, champion: null });
});
