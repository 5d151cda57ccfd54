import { afterEach, expect, test } from "vitest";
import { recordingContext } from "../fixtures/recording-context.ts";
import { openStubApi, type StubAnswer, type StubApi } from "../fixtures/stub-api.ts";
import { run } from "./run.ts";

const yaml = `
kind: TrainingJob
project: cats
name: purr
spec:
  pool: local
  workdir: .
  command: [python, train.py]
  trainingSet: {dataset: d, timestamp: t, from: 2001-01-01, to: 2001-02-01, columns: [label], label: label}
`;
const ref = { kind: "TrainingJob", project: "cats", name: "purr" };
const job = (generation: number, status: object): StubAnswer => ({
  json: { ...ref, generation: 2, status: { generation, workloadId: null, message: "", ...status } },
});
const workload = (state: string, more: object = {}): StubAnswer => ({
  json: { id: "w2", project: "cats", state, phase: state, reason: null, outcome: null, ...more },
});

let api: StubApi;
afterEach(async () => await api.close());

const open = async (jobs: readonly StubAnswer[], workloads: readonly StubAnswer[]) => {
  api = await openStubApi({
    "POST /api/v1/apply": { json: { results: [{ ref, outcome: "updated", before: {}, after: {} }] } },
    "GET /api/v1/projects/cats/training-jobs/purr": jobs,
    "GET /api/v1/projects/cats/workloads/w2": workloads,
    "GET /api/v1/projects/cats/workloads/w2/logs": (_request, response) => response.end("epoch 1\n"),
  });
};

test("waits for the workload of this very spec, tells its progress, copies its log, ends with its exit code", async () => {
  const failed = workload("failed", {
    outcome: { kind: "exited", exitCode: 3, message: "train.py exited with code 3" },
  });
  await open(
    [
      job(1, { phase: "failed", workloadId: "w1", message: "an earlier one" }),
      job(2, { phase: "preparing", message: "building the training set" }),
      job(2, { phase: "queued", workloadId: "w2" }),
    ],
    [workload("queued", { reason: { sentence: "2 others are before it" } }), workload("running"), failed],
  );
  const context = recordingContext({ url: api.url, input: yaml });

  expect(await run(context, { file: ["-"] })).toBe(3);
  expect(context.printed).toEqual(["epoch 1\n"]);
  expect(context.said).toEqual([
    "updated TrainingJob/purr",
    "building the training set",
    "queued  2 others are before it",
    "running  running",
    "w2 failed: train.py exited with code 3",
  ]);
});

test("a job that fails before it asks for compute ends with 1 and says why", async () => {
  await open([job(2, { phase: "failed", message: "dataset d has no valid version" })], []);
  const context = recordingContext({ url: api.url, input: yaml });

  expect(await run(context, { file: ["-"] })).toBe(1);
  expect(context.said.at(-1)).toBe(
    "TrainingJob/purr ended: dataset d has no valid version; see: millwright describe training-job/purr",
  );
});

test("--name runs the same file as another job, --detach does not wait", async () => {
  await open([], []);
  const context = recordingContext({ url: api.url, input: yaml, format: "quiet" });

  expect(await run(context, { file: ["-"], name: "purr-2", detach: true })).toBe(0);
  expect(api.asked).toHaveLength(1);
  expect(api.asked[0]?.body).toMatchObject({ manifests: [{ name: "purr-2" }], dryRun: false });
});

test("takes exactly one training job", async () => {
  await open([], []);
  const context = recordingContext({ url: api.url, input: "kind: Team\nname: a\nspec: {}\n" });

  await expect(run(context, { file: ["-"] })).rejects.toThrow(
    'run takes one TrainingJob, found Team/a; use "millwright apply" for the rest',
  );
});
