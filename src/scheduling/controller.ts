import type { Controller, Lease, NextVisit } from "../platform/controller.ts";
import { poolKind, workloadEventDataSchema } from "../compute/model.ts";
import type { WorkloadQueue } from "../compute/ports.ts";
import type { PlacementPolicy } from "./ports.ts";

/** A queue with waiting workloads is looked at anew after this long even when nothing was heard. */
const lookAgainMs = 10_000;

/** Runs the queue of each pool, one pass at a time: snapshot, decide, apply in one transaction. */
export class SchedulingController implements Controller {
  readonly name = "scheduler";
  readonly concurrency = 4;
  readonly #queue: WorkloadQueue;
  readonly #place: PlacementPolicy;

  constructor(queue: WorkloadQueue, place: PlacementPolicy) {
    this.#queue = queue;
    this.#place = place;
  }

  readonly keysOf: Controller["keysOf"] = (event) => {
    if (event.subject.kind === poolKind.kind) return [event.subject.name];
    if (event.subject.kind !== "Workload") return [];
    const data = workloadEventDataSchema.safeParse(event.data);
    return data.success ? [data.data.pool] : [];
  };

  async reconcile(pool: string, lease: Lease): Promise<NextVisit> {
    const snapshot = await this.#queue.snapshot(pool);
    if (snapshot.waiting.length === 0) return { kind: "settled" };
    await this.#queue.apply(this.#place(snapshot), lease);
    return { kind: "again", afterMs: lookAgainMs };
  }
}
