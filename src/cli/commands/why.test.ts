import { afterEach, expect, test } from "vitest";
import { recordingContext } from "../fixtures/recording-context.ts";
import { openStubApi, type StubApi } from "../fixtures/stub-api.ts";
import { why } from "./why.ts";

const workload = {
  id: "w1",
  project: "cats",
  state: "queued",
  owner: { kind: "TrainingJob", project: "cats", name: "big" },
  queuedAt: 1,
};
const reason = {
  code: "insufficient-gpus",
  sentence: "it asks for 8 GPUs and pool local has 2 free",
  blockers: [{ id: "w0", name: "flight-delay", gpus: 6 }],
  changes: ["ask for at most 2 GPUs", "wait for flight-delay"],
};

let api: StubApi;
afterEach(async () => await api.close());

const open = async (answer: unknown) => {
  api = await openStubApi({
    "GET /api/v1/workloads": { json: { items: [workload] } },
    "GET /api/v1/training-jobs": { json: { items: [{ kind: "TrainingJob", project: "cats", name: "big" }] } },
    "GET /api/v1/projects/cats/workloads": { json: { items: [workload] } },
    "GET /api/v1/projects/cats/workloads/w1/why": { json: answer },
  });
};

test("tells the sentence, who is in the way, and what would help", async () => {
  await open({ state: "queued", reason });
  const context = recordingContext({ url: api.url });

  expect(await why(context, { words: ["big"] })).toBe(0);
  expect(context.printed).toEqual([
    "w1 is queued: it asks for 8 GPUs and pool local has 2 free",
    "",
    "in the way",
    "  flight-delay  6 GPUs",
    "",
    "what would help",
    "  ask for at most 2 GPUs",
    "  wait for flight-delay",
  ]);
});

test("what ended tells how", async () => {
  await open({
    state: "failed",
    reason: null,
    outcome: { kind: "out-of-memory", exitCode: null, message: "it needed more than 2GB" },
  });
  const context = recordingContext({ url: api.url });

  await why(context, { words: ["w1"] });

  expect(context.printed).toEqual(["w1 failed: it needed more than 2GB"]);
});

test("--json passes the answer on", async () => {
  await open({ state: "queued", reason });
  const context = recordingContext({ url: api.url, format: "json" });

  await why(context, { words: ["workload/w1"] });

  expect(JSON.parse(context.printed.join(""))).toMatchObject({
    schema_version: 1,
    workload: "w1",
    reason: { code: "insufficient-gpus" },
  });
});
