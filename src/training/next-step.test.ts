import fc from "fast-check";
import { expect, test } from "vitest";
import { workloadFrom } from "../../test/workload-values.ts";
import type { Workload, WorkloadState } from "../compute/ports.ts";
import { workloadStates } from "../compute/model.ts";
import { freshStatus, trainingPhases, type TrainingJobStatus } from "./model.ts";
import { isOver, type JobSnapshot, nextStep } from "./next-step.ts";

const trainingSet = { id: "s", rows: 10, fingerprint: "f", from: 0, to: 1, path: "/s", madeFrom: [], features: ["x"] };
const prepared: TrainingJobStatus = {
  ...freshStatus,
  generation: 1,
  phase: "preparing",
  trainingSet,
  codeHash: "c",
  runId: "r",
  experimentId: "e",
};

const workload = (state: WorkloadState, change: Partial<Workload> = {}): Workload =>
  workloadFrom(
    {
      id: "train.job.0",
      project: "p",
      owner: { kind: "TrainingJob", project: "p", name: "job" },
      purpose: "training",
      pool: "pool",
      priority: 50,
      resources: { cpus: 1, memory: 1, gpus: 0, gpuModel: null },
      maxRestarts: 3,
    },
    { state, node: "n", ...change },
  );
const job = (change: Partial<JobSnapshot>): JobSnapshot => ({
  name: "job",
  generation: 1,
  isDeleting: false,
  status: prepared,
  cancelledBy: null,
  workload: undefined,
  ...change,
});

test.each<[string, Partial<JobSnapshot>, object]>([
  ["a new job begins", { status: freshStatus }, { kind: "begin" }],
  ["a begun job is prepared", { status: { ...freshStatus, generation: 1 } }, { kind: "prepare" }],
  ["a prepared job is submitted", {}, { kind: "submit" }],
  [
    "a queued one tells why it waits",
    { workload: workload("queued", { reason: { code: "x", sentence: "4 GPUs are busy", blockers: [], changes: [] } }) },
    { kind: "follow", phase: "queued", message: "4 GPUs are busy" },
  ],
  [
    "a restarted one says so",
    { workload: workload("running", { attempt: 2 }) },
    { kind: "follow", phase: "running", message: "runs on n (start 2)" },
  ],
  ["a preempted one is queued again", { workload: workload("preempted") }, { kind: "follow", phase: "queued" }],
  ["a finished one is registered", { workload: workload("succeeded") }, { kind: "register" }],
  [
    "a failed one names the cause and where to look",
    {
      workload: workload("failed", {
        outcome: { kind: "exited", exitCode: 1, message: "exited with code 1: ValueError: no rows" },
        startedAt: 0,
        endedAt: 4200,
      }),
    },
    {
      kind: "end",
      phase: "failed",
      message: "exited with code 1: ValueError: no rows (after 4.2s); see: millwright logs training-job/job",
    },
  ],
  [
    "a cancelled one without workload ends",
    { cancelledBy: "ada" },
    { kind: "end", phase: "cancelled", message: "cancelled by ada" },
  ],
  [
    "a cancelled one's workload is stopped first",
    { cancelledBy: "ada", workload: workload("running") },
    { kind: "stop-workload", workloadId: "train.job.0" },
  ],
  [
    "what was done before the cancellation counts",
    { cancelledBy: "ada", workload: workload("succeeded") },
    { kind: "register" },
  ],
  [
    "a changed spec stops the old workload",
    { generation: 2, workload: workload("running") },
    { kind: "stop-workload" },
  ],
  ["a changed spec then begins anew", { generation: 2, workload: workload("cancelled") }, { kind: "begin" }],
  ["a job that is over rests", { status: { ...prepared, phase: "succeeded" }, cancelledBy: "ada" }, { kind: "rest" }],
  [
    "a deleted job's workload is stopped",
    { isDeleting: true, workload: workload("queued") },
    { kind: "stop-workload" },
  ],
  ["a deleted job goes when nothing runs", { isDeleting: true, workload: workload("cancelled") }, { kind: "remove" }],
])("%s", (_what, change, step) => {
  expect(nextStep(job(change))).toMatchObject(step);
});

test("a job never goes, begins or ends while its workload is at work", () => {
  const snapshot = fc.record({
    name: fc.constant("job"),
    generation: fc.constantFrom(1, 2),
    isDeleting: fc.boolean(),
    status: fc
      .record({ phase: fc.constantFrom(...trainingPhases), generation: fc.constantFrom(0, 1, 2) })
      .map((change) => ({ ...prepared, ...change })),
    cancelledBy: fc.constantFrom(null, "ada"),
    workload: fc.constantFrom(...workloadStates).map((state) => workload(state)),
  });
  fc.assert(
    fc.property(snapshot, (each) => {
      const step = nextStep(each);
      const isAtWork = !["succeeded", "failed", "cancelled"].includes(each.workload.state);
      if (isAtWork) expect(["remove", "begin", "end", "register"]).not.toContain(step.kind);
      if (isOver(each.status.phase) && each.status.generation === each.generation && !each.isDeleting)
        expect(step.kind).toBe("rest");
    }),
  );
});
