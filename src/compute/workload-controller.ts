import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Controller, Lease, NextVisit } from "../platform/controller.ts";
import { decideWorkload, type WorkloadStep } from "./decide-workload.ts";
import type { MoveStore } from "./move-store.ts";
import type { ComputeDriver, PythonEnvironment, PythonEnvironments, TaskObservation, TaskOutcome } from "./ports.ts";
import type { WorkloadStore } from "./store.ts";
import { displayName, toWorkload, type WorkloadRow } from "./workload-row.ts";

export const workloadControllerName = "workload";

/** Visits are short: what takes long (a build, a task) goes on by itself and wakes the controller. Many share a commit. */
const concurrency = 256;
/** How soon to look again at something that should wake us, in case it does not. */
const lookAgainMs = 5_000;
const buildingLookMs = 1_000;
/** How often a start that met a full disk is tried again. */
const fullPollMs = 10_000;
/** What a workload does, for people, while its program is being started. */
const startingPhase = "starting the program";
/** A visit takes at most this many steps; a workload's whole life has six. */
const stepsMax = 12;

export interface WorkloadControllerNeeds {
  readonly store: WorkloadStore;
  readonly moves: MoveStore;
  readonly driver: ComputeDriver;
  readonly environments: PythonEnvironments;
  readonly clock: Clock;
  readonly wake: (id: string) => void;
}

/** A step leaves the workload in another state, or ends the visit. */
type Visit = { readonly kind: "next-step"; readonly row: WorkloadRow } | NextVisit;

/** What others do to a workload; the controller's own moves need no visit after the one that makes them. */
const wakingVerbs: ReadonlySet<string> = new Set(["admitted", "cancel-requested", "preemption-requested"]);

function nextStep(row: WorkloadRow): Visit {
  return { kind: "next-step", row };
}

/**
 * Drives a workload from its place to its end: *admitted* → *starting* (environment, files, launch) → *running* →
 * *succeeded*, *failed*, *cancelled*, or back to *queued* when its task was lost, or by way of *preempted* when it had to
 * make room. The driver says what is true.
 */
export class WorkloadController implements Controller {
  readonly name = workloadControllerName;
  readonly concurrency = concurrency;
  readonly #needs: WorkloadControllerNeeds;

  constructor(needs: WorkloadControllerNeeds) {
    this.#needs = needs;
  }

  readonly keysOf: Controller["keysOf"] = ({ subject, verb }) =>
    subject.kind === "Workload" && wakingVerbs.has(verb) ? [subject.name] : [];

  async reconcile(id: string, lease: Lease, signal: AbortSignal): Promise<NextVisit> {
    let row = await this.#needs.store.row(id);
    for (let step = 0; row !== undefined && step < stepsMax; step += 1) {
      const isPlaced = row.state === "starting" || row.state === "running";
      const task: TaskObservation = isPlaced ? await this.#needs.driver.observe(row) : { kind: "absent" };
      const situation = { ...row, maxRestarts: row.max_restarts, timesPreempted: row.times_preempted };
      const visit = await this.#take(decideWorkload(situation, task), row, lease, signal);
      if (visit.kind !== "next-step") return visit;
      // What others asked of the workload meanwhile is an event, and so another visit.
      row = visit.row;
    }
    return row === undefined ? { kind: "settled" } : { kind: "again", afterMs: lookAgainMs };
  }

  async #take(step: WorkloadStep, row: WorkloadRow, lease: Lease, signal: AbortSignal): Promise<Visit> {
    const { store, moves, driver, clock } = this.#needs;
    const name = displayName(toWorkload(row));
    const at = clock.now();
    switch (step.kind) {
      case "rest":
        return { kind: "settled" };
      case "look-again":
        await this.#noteCheckpoint(row);
        return { kind: "again", afterMs: lookAgainMs };
      case "begin": {
        const message = `${name} is being prepared on ${row.node}`;
        const phase = row.command.requirements === null ? startingPhase : "preparing";
        return nextStep(await moves.move(row, { to: "starting", phase, message, at }, lease));
      }
      case "launch":
        return await this.#launch(row, lease, signal);
      case "stop":
        await driver.stop(row);
        await store.setPhase(row, "stopping");
        return { kind: "again", afterMs: lookAgainMs };
      case "mark-running": {
        const { startedAt } = step;
        const message = `${name} runs on ${row.node}`;
        return nextStep(await moves.move(row, { to: "running", phase: "running", message, at, startedAt }, lease));
      }
      case "preempted":
        return nextStep(await this.#preempt(row, step, lease));
      case "wait-again": {
        const message = `${name} waits again after it made room; it goes on from its last checkpoint`;
        await moves.move(row, { to: "queued", phase: "waiting for a place", message, at }, lease);
        return { kind: "settled" };
      }
      case "requeue":
        return nextStep(await this.#requeue(row, step, lease));
      case "finish":
        await this.#finish(row, step, lease);
        return { kind: "settled" };
    }
  }

  /** Looks when the task last saved its work: the less is unsaved, the sooner it may be asked to make room. */
  async #noteCheckpoint(row: WorkloadRow): Promise<WorkloadRow> {
    const { store, driver, clock } = this.#needs;
    const { checkpointFolder } = row.command;
    if (checkpointFolder === undefined) return row;
    const savedAt = await driver.newestFileAt(checkpointFolder);
    if (savedAt === null || savedAt <= Math.max(row.checkpoint_at ?? 0, row.started_at ?? 0)) return row;
    await store.noteCheckpoint(row.id, savedAt, clock.now());
    return { ...row, checkpoint_at: savedAt };
  }

  /** What it saved on its way out counts too. */
  async #preempt(
    row: WorkloadRow,
    step: WorkloadStep & { readonly kind: "preempted" },
    lease: Lease,
  ): Promise<WorkloadRow> {
    const { moves, clock } = this.#needs;
    const phase = `made room for ${step.forName}`;
    const message = `${displayName(toWorkload(row))} made room for ${step.forName}`;
    const saved = step.end === null ? row : await this.#noteCheckpoint(row);
    return await moves.move(saved, { to: "preempted", phase, message, at: clock.now(), end: step.end }, lease);
  }

  async #requeue(
    row: WorkloadRow,
    step: WorkloadStep & { readonly kind: "requeue" },
    lease: Lease,
  ): Promise<WorkloadRow> {
    const { outcome, end } = step;
    const restart = row.attempt - row.times_preempted;
    const message = `${displayName(toWorkload(row))} starts again (restart ${restart} of ${row.max_restarts}): ${outcome.message}`;
    const saved = await this.#noteCheckpoint(row);
    const at = this.#needs.clock.now();
    return await this.#needs.moves.move(
      saved,
      { to: "queued", phase: "waiting for a place", message, at, outcome, end },
      lease,
    );
  }

  async #finish(row: WorkloadRow, step: WorkloadStep & { readonly kind: "finish" }, lease: Lease): Promise<void> {
    const { state, outcome, end } = step;
    const startedAt = row.started_at ?? end?.startedAt ?? null;
    const saved = state === "succeeded" ? row : await this.#noteCheckpoint(row);
    await this.#needs.moves.move(
      saved,
      {
        to: state,
        phase: outcome.message,
        message: describeEnd(displayName(toWorkload(row)), state, outcome),
        at: this.#needs.clock.now(),
        outcome,
        end,
        ...(startedAt === null ? {} : { startedAt }),
      },
      lease,
    );
  }

  async #launch(row: WorkloadRow, lease: Lease, signal: AbortSignal): Promise<Visit> {
    try {
      const environment = await this.#environmentOf(row);
      if (environment === "building") return { kind: "again", afterMs: buildingLookMs };
      const { id, attempt, resources, gpus, places } = row;
      const memberGpus = places.length > 1 ? places.map((place) => place.gpus) : undefined;
      if (row.phase !== startingPhase) await this.#needs.store.setPhase(row, startingPhase);
      await this.#needs.driver.launch(
        {
          id,
          attempt,
          resources,
          gpus,
          memberGpus,
          environment,
          command: { ...row.command, secretEnv: row.secret_env },
        },
        signal,
      );
      return nextStep({ ...row, phase: startingPhase });
    } catch (error) {
      if (!(error instanceof Fault) || error.code === "platform.lease-lost") throw error;
      if (error.code === "platform.disk-full") {
        await this.#needs.store.setPhase(row, `waits: ${error.message}`);
        return { kind: "again", afterMs: fullPollMs };
      }
      const outcome: TaskOutcome = { kind: "start-failed", exitCode: null, message: error.message };
      await this.#finish(row, { kind: "finish", state: "failed", outcome, end: null }, lease);
      return { kind: "settled" };
    }
  }

  async #environmentOf(row: WorkloadRow): Promise<PythonEnvironment | null | "building"> {
    const { requirements } = row.command;
    if (requirements === null) return null;
    const state = await this.#needs.environments.request(requirements, row.id, () => this.#needs.wake(row.id));
    if (state.kind === "failed") throw state.error;
    if (state.kind === "ready") return state.environment;
    if (state.progress !== row.phase) await this.#needs.store.setPhase(row, state.progress);
    return "building";
  }
}

function describeEnd(name: string, state: "succeeded" | "failed" | "cancelled", outcome: TaskOutcome): string {
  switch (state) {
    case "succeeded":
      return `${name} succeeded`;
    case "failed":
      return `${name} failed: ${outcome.message}`;
    case "cancelled":
      return `${name} was ${outcome.message}`;
  }
}
