import { afterEach, expect, test } from "vitest";
import { recordingContext } from "../fixtures/recording-context.ts";
import { openStubApi, type StubApi } from "../fixtures/stub-api.ts";
import { logs } from "./logs.ts";

const workload = (state: string, outcome: unknown = null) => ({
  id: "w1",
  project: "cats",
  state,
  outcome,
  queuedAt: 1,
});

let api: StubApi;
afterEach(async () => await api.close());

test("follows to the end and answers with the task's own exit code", async () => {
  const failed = workload("failed", { kind: "exited", exitCode: 17, message: "train.py exited with code 17" });
  api = await openStubApi({
    "GET /api/v1/workloads": { json: { items: [workload("running")] } },
    "GET /api/v1/projects/cats/workloads/w1": [{ json: workload("running") }, { json: failed }],
    "GET /api/v1/projects/cats/workloads/w1/logs": (_request, response) => {
      response.write("epoch 1\n");
      response.end("epoch 2\n");
    },
  });
  const context = recordingContext({ url: api.url });

  expect(await logs(context, { words: ["workload/w1"], follow: true })).toBe(17);
  expect(context.printed.join("")).toBe("epoch 1\nepoch 2\n");
  expect(context.said).toEqual(["w1 failed: train.py exited with code 17"]);
  expect(api.asked.map(({ url }) => url)).toContain("/api/v1/projects/cats/workloads/w1/logs?follow=true");
});

test("without --follow prints what there is and ends well, whatever the job does", async () => {
  api = await openStubApi({
    "GET /api/v1/workloads": { json: { items: [workload("failed")] } },
    "GET /api/v1/projects/cats/workloads/w1/logs": (_request, response) => response.end("last words\n"),
  });
  const context = recordingContext({ url: api.url });

  expect(await logs(context, { words: ["w1"], tail: 5 })).toBe(0);
  expect(context.printed).toEqual(["last words\n"]);
  expect(api.asked.at(-1)?.url).toBe("/api/v1/projects/cats/workloads/w1/logs?tail=5");
});

test("Ctrl-C ends the looking, not the job, and says so", async () => {
  const context = recordingContext({ url: "" });
  api = await openStubApi({
    "GET /api/v1/workloads": { json: { items: [workload("running")] } },
    "GET /api/v1/projects/cats/workloads/w1/logs": (_request, response) => {
      response.write("epoch 1\n");
      setImmediate(context.interrupt);
    },
  });

  expect(
    await logs({ ...context, connect: recordingContext({ url: api.url }).connect }, { words: ["w1"], follow: true }),
  ).toBe(130);
  expect(context.said.join()).toContain("w1 goes on");
});
