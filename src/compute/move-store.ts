import { type Kysely, sql } from "kysely";
import { Fault } from "../base/fault.ts";
import { CallBatch } from "../platform/call-batch.ts";
import type { Lease } from "../platform/controller.ts";
import { writeEntry } from "../platform/event-log.ts";
import { LogBell } from "../platform/log-bell.ts";
import { applyTransition, entryOfMove, type Moved, type Transition } from "./transition.ts";
import type { WorkloadFacts } from "./workload-row.ts";

/** The most moves that share one statement, and so one commit. */
const batchMax = 200;

type MoveOutcome = "written" | "conflict" | "lease-lost";

type MoveInput = Readonly<Record<string, unknown>> & { readonly id: string };

/**
 * Moves workloads to other states, each with its task, its GPUs, its part of the ledger and its event in one
 * transaction; moves that are asked for together share it.
 */
export class MoveStore {
  readonly #moves: CallBatch<MoveInput, MoveOutcome>;

  constructor(database: Kysely<never>) {
    const bell = new LogBell(database as never);
    this.#moves = new CallBatch(batchMax, async (inputs) => {
      const outcomes = await writeMoves(database, inputs);
      if (outcomes.includes("written")) bell.ring();
      return outcomes;
    });
  }

  /**
   * Moves a workload from where `row` says that it is.
   *
   * @returns the row as it is now, but for what others asked of the workload meanwhile.
   * @throws {Fault} `platform.lease-lost`; `platform.resource-conflict` when it is not where the controller saw it.
   */
  async move<Row extends WorkloadFacts>(row: Row, transition: Transition, lease: Lease): Promise<Row> {
    const moved = applyTransition(row, transition);
    const outcome = await this.#moves.call(inputOf(row, moved, transition, lease));
    if (outcome === "written") return { ...row, ...moved.row };
    if (outcome === "conflict") throw movedByOthers(row.id);
    throw new Fault(
      "platform.lease-lost",
      `another worker took over ${lease.controller} ${lease.key}; its answer counts`,
      { details: { ...lease } },
    );
  }
}

async function writeMoves(database: Kysely<never>, inputs: readonly MoveInput[]): Promise<readonly MoveOutcome[]> {
  // One order for everybody: two writers wait for each other, and never in a circle.
  const ordered = inputs
    .map((input, place) => ({ ...input, place }))
    .toSorted((left, right) => (left.id < right.id ? -1 : left.id > right.id ? 1 : 0));
  const { rows } = await sql<{ place: number; outcome: MoveOutcome }>`
    select place, outcome from move_workloads(${JSON.stringify(ordered)}::jsonb) order by place`.execute(database);
  return rows.map((row) => row.outcome);
}

function inputOf(
  row: WorkloadFacts,
  { row: after, leaves, spans }: Moved,
  transition: Transition,
  lease: Lease,
): MoveInput {
  const { end, at, to } = transition;
  return {
    id: row.id,
    from_state: row.state,
    from_attempt: row.attempt,
    to_state: to,
    attempt: after.attempt,
    pool: after.pool,
    phase: after.phase,
    started_at: after.started_at,
    outcome: after.outcome,
    ended_at: after.ended_at,
    times_preempted: after.times_preempted,
    leaves,
    task_started_at: to === "running" ? (transition.startedAt ?? at) : null,
    task_ended_at: leaves ? (end?.endedAt ?? at) : null,
    memory_peak: end?.memoryPeak ?? null,
    spans,
    entry: writeEntry(entryOfMove(after, `controller:${lease.controller}`, transition)),
    lease_controller: lease.controller,
    lease_key: lease.key,
    lease_attempt: lease.attempt,
  };
}

function movedByOthers(id: string): Fault {
  return new Fault(
    "platform.resource-conflict",
    `workload ${id} was moved by someone else meanwhile; look at it again`,
    { details: { id } },
  );
}
