import { afterEach, expect, test } from "vitest";
import { recordingContext } from "../fixtures/recording-context.ts";
import { openStubApi, type StubApi } from "../fixtures/stub-api.ts";
import { get } from "./get.ts";

const team = (name: string, description: string) => ({
  kind: "Team",
  project: null,
  name,
  labels: {},
  spec: { description },
  status: { phase: "active", conditions: [] },
  createdAt: 940_000,
});

let api: StubApi;
afterEach(async () => await api.close());

test("lists a kind as a table", async () => {
  api = await openStubApi({ "GET /api/v1/teams": { json: { items: [team("vision", "sees"), team("audio", "")] } } });
  const context = recordingContext({ url: api.url });

  expect(await get(context, { words: ["team"] })).toBe(0);
  expect(context.printed).toEqual([
    "NAME    PHASE   DESCRIPTION  AGE",
    "vision  active  sees         1m",
    "audio   active  -            1m",
  ]);
  expect(api.asked[0]).toMatchObject({ key: "test-key", url: "/api/v1/teams" });
});

test("an empty list says how to fill it", async () => {
  api = await openStubApi({ "GET /api/v1/teams": { json: { items: [] } } });
  const context = recordingContext({ url: api.url });

  await get(context, { words: ["teams"] });

  expect(context.printed).toEqual([]);
  expect(context.said.join()).toContain("no teams; make one with: millwright apply -f FILE");
});

test("--quiet prints names and --json one object", async () => {
  api = await openStubApi({
    "GET /api/v1/teams": { json: { items: [team("vision", "")] } },
    "GET /api/v1/teams/vision": { json: team("vision", "") },
  });
  const quiet = recordingContext({ url: api.url, format: "quiet" });
  const json = recordingContext({ url: api.url, format: "json" });

  await get(quiet, { words: ["teams"] });
  await get(json, { words: ["team/vision"] });

  expect(quiet.printed).toEqual(["vision"]);
  expect(JSON.parse(json.printed.join(""))).toMatchObject({
    schema_version: 1,
    kind: "Team",
    item: { name: "vision" },
  });
});

test("workloads and model versions are listed over all projects, whatever the server offers for it", async () => {
  const workload = {
    id: "w1",
    project: "cats",
    state: "queued",
    owner: { kind: "TrainingJob", name: "a" },
    queuedAt: 999_000,
  };
  const version = { id: "v1", project: "dogs", model: "bark", version: 2, state: "passed", aliases: ["candidate"] };
  api = await openStubApi({
    "GET /api/v1/workloads": { json: { items: [workload] } },
    "GET /api/v1/projects": { json: { items: [{ name: "cats" }, { name: "dogs" }] } },
    "GET /api/v1/projects/cats/model-versions": { json: { items: [] } },
    "GET /api/v1/projects/dogs/model-versions": { json: { items: [version] } },
  });
  const context = recordingContext({ url: api.url });

  await get(context, { words: ["workloads"] });
  await get(context, { words: ["model-versions"] });

  expect(context.printed[1]).toMatch(/^cats +w1 +queued +- +a /);
  expect(context.printed[3]).toMatch(/^dogs +v1 +bark +2 +passed +candidate /);
});

test("--watch prints what changed as it changes, and takes a broken watch up where it was", async () => {
  const first = team("vision", "sees");
  const second = team("vision", "sees more");
  const event = {
    at: 1,
    actor: "a",
    verb: "updated",
    subject: { kind: "Team", project: null, name: "vision" },
    message: "m",
    data: {},
  };
  const context = recordingContext({ url: "", format: "json" });
  let watches = 0;
  api = await openStubApi({
    "GET /api/v1/events": { json: { events: [{ ...event, seq: 7 }], next: null } },
    "GET /api/v1/teams": [{ json: { items: [first] } }, { json: { items: [second] } }],
    "GET /api/v1/watch": (_request, response) => {
      watches += 1;
      response.writeHead(200, { "content-type": "text/event-stream" });
      if (watches === 1) response.end(`id: 8\ndata: ${JSON.stringify({ ...event, seq: 8 })}\n\n`);
      else context.interrupt();
    },
  });
  const connected = { ...context, connect: recordingContext({ url: api.url }).connect };

  expect(await get(connected, { words: ["teams"], watch: true })).toBe(0);

  expect(context.printed.map((line) => (JSON.parse(line) as { item: typeof first }).item.spec.description)).toEqual([
    "sees",
    "sees more",
  ]);
  expect(api.asked.filter(({ url }) => url.startsWith("/api/v1/watch")).map(({ url }) => url)).toEqual([
    "/api/v1/watch?since=7",
    "/api/v1/watch?since=8",
  ]);
});
