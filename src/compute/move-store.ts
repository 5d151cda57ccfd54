import { type Kysely, sql } from "kysely";
import { Fault } from "../base/fault.ts";
import type { Lease } from "../platform/controller.ts";
import { writeEntry } from "../platform/event-log.ts";
import { applyTransition, entryOfMove, type Transition } from "./transition.ts";
import type { WorkloadFacts } from "./workload-row.ts";

/** The most moves that share one statement, and so one commit. */
const batchMax = 200;

type MoveOutcome = "written" | "conflict" | "lease-lost";

interface PendingMove {
  readonly input: Readonly<Record<string, unknown>>;
  readonly resolve: (outcome: MoveOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Moves workloads to other states, each with its task, its GPUs, its part of the ledger and its event in one
 * transaction. What arrives while a batch is on its way goes out together in the next one.
 */
export class MoveStore {
  readonly #database: Kysely<never>;
  #pending: PendingMove[] = [];
  #isWriting = false;

  constructor(database: Kysely<never>) {
    this.#database = database;
  }

  /**
   * Moves a workload from where `row` says that it is.
   *
   * @throws {Fault} `platform.lease-lost`; `platform.resource-conflict` when it is not where the controller saw it.
   */
  async move(row: WorkloadFacts, transition: Transition, lease: Lease): Promise<void> {
    const outcome = await this.#write(inputOf(row, transition, lease));
    if (outcome === "written") return;
    if (outcome === "conflict") throw moved(row.id);
    throw new Fault(
      "platform.lease-lost",
      `another worker took over ${lease.controller} ${lease.key}; its answer counts`,
      { details: { ...lease } },
    );
  }

  #write(input: PendingMove["input"]): Promise<MoveOutcome> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ input, resolve, reject });
      if (!this.#isWriting) this.#drain().catch(reject);
    });
  }

  async #drain(): Promise<void> {
    this.#isWriting = true;
    while (this.#pending.length > 0) {
      const batch = this.#pending.slice(0, batchMax);
      this.#pending = this.#pending.slice(batchMax);
      // One order for everybody: two writers wait for each other, and never in a circle.
      batch.sort((left, right) => (String(left.input["id"]) < String(right.input["id"]) ? -1 : 1));
      try {
        const input = JSON.stringify(batch.map((item, place) => ({ place, ...item.input })));
        const { rows } = await sql<{ place: number; outcome: MoveOutcome }>`
          select place, outcome from move_workloads(${input}::jsonb)`.execute(this.#database);
        const outcomes = new Map(rows.map((row) => [row.place, row.outcome]));
        batch.forEach((item, place) => item.resolve(outcomes.get(place) ?? "conflict"));
      } catch (error) {
        for (const item of batch) item.reject(error);
      }
    }
    this.#isWriting = false;
  }
}

function inputOf(row: WorkloadFacts, transition: Transition, lease: Lease): PendingMove["input"] {
  const { row: after, leaves, spans } = applyTransition(row, transition);
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

function moved(id: string): Fault {
  return new Fault(
    "platform.resource-conflict",
    `workload ${id} was moved by someone else meanwhile; look at it again`,
    { details: { id } },
  );
}
