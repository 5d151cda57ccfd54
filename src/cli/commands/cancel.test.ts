import { afterEach, expect, test } from "vitest";
import { recordingContext } from "../fixtures/recording-context.ts";
import { openStubApi, type StubApi } from "../fixtures/stub-api.ts";
import { cancel } from "./cancel.ts";

const owner = { kind: "TrainingJob", project: "cats", name: "purr" };
const workload = { id: "w1", project: "cats", state: "running", owner, queuedAt: 1 };
const answers = {
  "GET /api/v1/workloads": { json: { items: [workload] } },
  "GET /api/v1/projects/cats/workloads": { json: { items: [workload] } },
  "GET /api/v1/training-jobs": { json: { items: [owner] } },
  "POST /api/v1/projects/cats/training-jobs/purr/cancel": { json: {} },
  "POST /api/v1/projects/cats/workloads/w1/cancel": { json: {} },
};

let api: StubApi;
afterEach(async () => await api.close());

test.each([["purr"], ["job/purr"]])("%s stops the training job, not one workload of it", async (word) => {
  api = await openStubApi(answers);
  const context = recordingContext({ url: api.url });

  expect(await cancel(context, { words: [word], reason: "wrong data" })).toBe(0);
  expect(api.asked.at(-1)).toMatchObject({
    url: "/api/v1/projects/cats/training-jobs/purr/cancel",
    body: { reason: "wrong data" },
  });
  expect(context.printed).toEqual(["asked TrainingJob/purr to stop"]);
});

test("a workload's id stops that workload", async () => {
  api = await openStubApi(answers);
  const context = recordingContext({ url: api.url });

  await cancel(context, { words: ["workload/w1"] });

  expect(api.asked.at(-1)).toMatchObject({ url: "/api/v1/projects/cats/workloads/w1/cancel", body: {} });
});
