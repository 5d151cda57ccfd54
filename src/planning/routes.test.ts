import { afterAll, beforeAll, expect, test } from "vitest";
import { freshPlatform, type FreshPlatform, testClock } from "../../test/platform.ts";
import { computeRoom } from "../compute/room.ts";
import { createHttpServer } from "../platform/http-server.ts";
import { openApiDocument } from "../platform/openapi.ts";
import type { Room } from "../platform/room.ts";
import { trackingRoom } from "../tracking/room.ts";
import { planningRoom } from "./room.ts";

const clock = testClock(Date.UTC(2026, 10, 26));
let platform: FreshPlatform;
let room: Room;
let app: ReturnType<typeof createHttpServer>;
beforeAll(async () => {
  platform = await freshPlatform({ clock });
  const { workloads, records } = computeRoom(platform, { hostEnvironment: {} });
  const { tracking } = trackingRoom(platform);
  const forecasts = { forecast: async () => [] };
  room = planningRoom(platform, { workloads, records, tracking, forecasts, served: { served: async () => [] } });
  const { gatekeeper, log, newId } = platform;
  app = createHttpServer({ routes: room.routes, gatekeeper, log, newId, defaultProject: "default" });
  await app.ready();
});
afterAll(async () => {
  await app.close();
  await room.stop?.();
  await platform.close();
});

const ask = async (path: string, payload: object) =>
  await app.inject({ method: "POST", url: `/api/v1/planning/${path}`, payload });

const stage = { stage: "training", gpus: 12 };
const plan = {
  name: "small",
  startMonth: "2026-12",
  fleet: { gpu: "H100" },
  demand: { stages: [stage] },
  simulation: { draws: 100 },
};

test.each([
  ["plan", plan, { gpu: "H100-SXM", gpusPerServer: 8 }],
  ["size-training", { model: "Llama-3.1-8B", accelerator: "H100", gpus: 8 }, { gpus: 8 }],
  [
    "size-inference",
    { model: "Qwen3-8B", accelerator: "H100", inputTokens: 500, outputTokens: 100 },
    { accelerator: "H100-SXM" },
  ],
  ["cost", { gpu: "H100", gpus: 60, draws: 100 }, { gpus: 64, startMonth: "2026-11" }],
  [
    "advise",
    { work: { kind: "training", model: "Llama-3.1-8B", tokens: 1e11, days: 30 }, gpus: ["H100", "H200"] },
    { kind: "training" },
  ],
])("%s answers with its report, and with the files only when they are asked for", async (path, question, wanted) => {
  const bare = await ask(path, question);
  const whole = await ask(`${path}?files=true`, question);

  expect(bare.statusCode).toBe(200);
  const { answer, document, files } = bare.json<Record<string, unknown>>();
  expect(answer).toMatchObject(wanted);
  expect(document).toMatchObject({ title: expect.any(String), sections: expect.any(Array) });
  expect(files).toBeUndefined();
  expect(Object.keys(whole.json<{ files: object }>().files)).toEqual(
    expect.arrayContaining(["report.md", "report.html"]),
  );
});

test("every figure's error is in the answer, from the benchmark's tables or as not measured", async () => {
  const { answer } = (await ask("plan", plan)).json<{ answer: { errors: Record<string, { words: string }[]> } }>();

  expect(Object.values(answer.errors).flat().length).toBeGreaterThan(8);
  for (const { words } of Object.values(answer.errors).flat()) expect(words).toMatch(/measured on |^not measured/);
});

test("a question that cannot be answered is refused with the planner's fault and its status", async () => {
  const unknown = await ask("size-training", { model: "Llama-3.1-8B", accelerator: "H10", gpus: 8 });
  const broken = await ask("cost", { gpu: "H100", gpus: 0 });
  const impossible = await ask("size-training", { model: "Llama-3.1-405B", accelerator: "L4", gpus: 1 });

  expect([unknown, broken, impossible].map((each) => each.statusCode)).toEqual([404, 400, 422]);
  expect(unknown.json()).toMatchObject({ error: { code: "planning.accelerator-unknown" } });
});

test("the catalog names whose kernels stand in, and what prices rest on", async () => {
  const { accelerators, models, prices } = (await app.inject({ method: "GET", url: "/api/v1/planning/catalog" })).json<
    Record<string, { name: string; fallbacks: string[]; source: string }[]>
  >();

  expect(accelerators?.find((each) => each.name === "H100-SXM")?.fallbacks).toEqual([]);
  expect(accelerators?.find((each) => each.name === "MI300X")?.fallbacks.join()).toMatch(/not measured/);
  expect(models?.length).toBeGreaterThan(20);
  expect(prices?.every((each) => each.source.length > 10)).toBe(true);
});

test("the API's document tells every field of a question, and which of them it needs", () => {
  const document = openApiDocument(room.routes, [], "1");

  expect(document).toMatchObject({
    paths: {
      "/api/v1/planning/size-training": {
        post: {
          requestBody: {
            content: {
              "application/json": {
                schema: {
                  type: "object",
                  required: ["model", "accelerator", "gpus"],
                  properties: { tokens: { description: expect.stringContaining("Tokens to train on") } },
                  additionalProperties: false,
                },
              },
            },
          },
        },
      },
      "/api/v1/planning/plan": {
        post: { requestBody: { content: { "application/json": { schema: { properties: { demand: {} } } } } } },
      },
    },
  });
});
