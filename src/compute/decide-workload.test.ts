import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decideWorkload, type WorkloadSituation } from "./decide-workload.ts";
import { workloadStates } from "./model.ts";
import type { TaskEnd, TaskObservation } from "./ports.ts";

function endOf(changes: Partial<TaskEnd> = {}): TaskEnd {
  return {
    outcome: { kind: "exited", exitCode: 0, message: "finished" },
    isRestartable: false,
    wasStopped: false,
    startedAt: 1,
    endedAt: 2,
    memoryPeak: 1,
    ...changes,
  };
}

function situationOf(changes: Partial<WorkloadSituation>): WorkloadSituation {
  return { state: "running", attempt: 1, maxRestarts: 0, cancel: null, preempt: null, timesPreempted: 0, ...changes };
}

const absent: TaskObservation = { kind: "absent" };
const underWay: TaskObservation = { kind: "running", startedAt: 5 };
const ended = (changes: Partial<TaskEnd> = {}): TaskObservation => ({ kind: "ended", end: endOf(changes) });
const lost = ended({ isRestartable: true, outcome: { kind: "lost", exitCode: null, message: "lost" } });
const stopped = ended({ wasStopped: true, outcome: { kind: "cancelled", exitCode: 143, message: "stopped as asked" } });
const shutDown = ended({
  wasShutDown: true,
  outcome: { kind: "cancelled", exitCode: 143, message: "stopped with all of the platform" },
});
const cancel = { why: "not needed" };
const preempt = { forName: "TrainingJob/urgent" };

describe("the next step of a workload", () => {
  test.each([
    ["waits in the queue", { state: "queued" }, absent, { kind: "rest" }],
    ["leaves the queue when cancelled", { state: "queued", cancel }, absent, { kind: "finish", state: "cancelled" }],
    ["is prepared once it has a place", { state: "admitted" }, absent, { kind: "begin" }],
    [
      "gives its place back when cancelled before the start",
      { state: "starting", cancel },
      absent,
      { kind: "finish", state: "cancelled" },
    ],
    ["is launched while nothing of its task is found", { state: "starting" }, absent, { kind: "launch" }],
    ["is awaited while its supervisor begins", { state: "starting" }, { kind: "starting" }, { kind: "look-again" }],
    ["runs once its program does", { state: "starting" }, underWay, { kind: "mark-running", startedAt: 5 }],
    ["is stopped when cancelled", { state: "running", cancel }, underWay, { kind: "stop" }],
    ["succeeds with exit code 0", { state: "running" }, ended(), { kind: "finish", state: "succeeded" }],
    [
      "succeeds even when its start was never seen",
      { state: "starting" },
      ended(),
      { kind: "finish", state: "succeeded" },
    ],
    [
      "succeeds when it ended before the request to stop arrived",
      { state: "running", cancel },
      ended(),
      { kind: "finish", state: "succeeded" },
    ],
    ["is cancelled when it was stopped", { state: "running", cancel }, stopped, { kind: "finish", state: "cancelled" }],
    [
      "waits again, however rarely it may restart, when all of the platform was stopped",
      { state: "running" },
      shutDown,
      { kind: "preempted", forName: "a stop of the platform" },
    ],
    ["is cancelled all the same when it was to be", { state: "running", cancel }, shutDown, { state: "cancelled" }],
    ["starts again when it was lost and may", { state: "running", maxRestarts: 1 }, lost, { kind: "requeue" }],
    [
      "fails when it was lost once too often",
      { state: "running", attempt: 2, maxRestarts: 1 },
      lost,
      { kind: "finish", state: "failed" },
    ],
    [
      "does not start again when it was to stop",
      { state: "running", maxRestarts: 5, cancel },
      lost,
      { kind: "finish", state: "cancelled" },
    ],
    [
      "counts as lost when all traces of its task are gone",
      { state: "running", maxRestarts: 1 },
      absent,
      { kind: "requeue" },
    ],
    ["gives its place back for others before it starts", { state: "admitted", preempt }, absent, { kind: "preempted" }],
    ["is stopped to make room", { state: "running", preempt }, underWay, { kind: "stop" }],
    ["has made room once it was stopped", { state: "running", preempt }, stopped, { kind: "preempted" }],
    ["has made room when it was lost on its way out", { state: "running", preempt }, lost, { kind: "preempted" }],
    ["succeeds when it ended before it had to go", { state: "running", preempt }, ended(), { kind: "finish" }],
    [
      "is cancelled for good although it had to make room",
      { state: "running", preempt, cancel },
      stopped,
      {
        kind: "finish",
        state: "cancelled",
      },
    ],
    ["waits again after it made room", { state: "preempted" }, absent, { kind: "wait-again" }],
    [
      "may be lost as often as others although it made room before",
      { state: "running", attempt: 4, timesPreempted: 3, maxRestarts: 1 },
      lost,
      { kind: "requeue" },
    ],
  ] as const)("%s", (_, situation, task, step) => {
    expect(decideWorkload(situationOf(situation), task)).toMatchObject(step);
  });

  const situations = fc.record({
    state: fc.constantFrom(...workloadStates),
    attempt: fc.integer({ min: 1, max: 5 }),
    maxRestarts: fc.integer({ min: 0, max: 4 }),
    cancel: fc.constantFrom(null, cancel),
    preempt: fc.constantFrom(null, null, preempt),
    timesPreempted: fc.integer({ min: 0, max: 2 }),
  });
  const failed = ended({ outcome: { kind: "exited", exitCode: 3, message: "exited with code 3" } });
  const observations = fc.constantFrom(absent, underWay, { kind: "starting" } as const, ended(), failed, lost, stopped);

  test("starts again only what was lost, and no more often than it may", () => {
    fc.assert(
      fc.property(situations, observations, (situation, task) => {
        const isPlaced = situation.state === "starting" || situation.state === "running";
        const isLost = task === lost || (task === absent && situation.state === "running");
        const { attempt, timesPreempted, maxRestarts } = situation;
        const isAsked = situation.cancel !== null || situation.preempt !== null;
        const mayStartAgain = attempt - timesPreempted <= maxRestarts && !isAsked;

        expect(decideWorkload(situation, task).kind === "requeue").toBe(isPlaced && isLost && mayStartAgain);
      }),
    );
  });

  test("never fails or cancels a workload only because it had to make room", () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const step = decideWorkload({ ...situation, state: "running", cancel: null, preempt }, stopped);

        expect(step.kind).toBe("preempted");
      }),
    );
  });

  test("never launches what is to stop, and never leaves an ended task unreported", () => {
    fc.assert(
      fc.property(situations, observations, (situation, task) => {
        const step = decideWorkload(situation, task);
        const isPlaced = situation.state === "starting" || situation.state === "running";

        const isAsked = situation.cancel !== null || situation.preempt !== null;
        expect(step.kind === "launch" && isAsked).toBe(false);
        if (isPlaced && task.kind === "ended") expect(["finish", "requeue", "preempted"]).toContain(step.kind);
      }),
    );
  });
});
