import type { Clock, Instant } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { Resource } from "../../platform/resource.ts";
import type { ResourceStore } from "../../platform/resource-store.ts";
import { findImpossibility } from "../fit-node.ts";
import { poolKind, type PoolSpec, type PoolStatus, workloadRequestSchema } from "../model.ts";
import type { ComputeDriver, Workload, WorkloadRequest, Workloads } from "../ports.ts";
import type { WorkloadFilter, WorkloadStore } from "../store.ts";
import { termsOf } from "../workload-terms.ts";

export interface StoredWorkloadsNeeds {
  readonly store: WorkloadStore;
  readonly resources: ResourceStore;
  readonly driver: ComputeDriver;
  readonly clock: Clock;
}

type Pool = Resource<PoolSpec, PoolStatus>;

/** The door to compute for other rooms: what they submit waits in the database until a scheduler gives it a place. */
export class StoredWorkloads implements Workloads {
  readonly #needs: StoredWorkloadsNeeds;
  readonly #looks = new Map<string, Promise<Pool | undefined>>();

  constructor(needs: StoredWorkloadsNeeds) {
    this.#needs = needs;
  }

  async submit(request: WorkloadRequest): Promise<Workload> {
    checkRequest(request);
    try {
      await this.#refuseImpossible(request);
    } catch (error) {
      // What was taken once stays taken, whatever became of its pool since.
      const known = await this.#needs.store.get(request.id);
      if (known !== undefined) return known;
      throw error;
    }
    return await this.#needs.store.insert(request, this.#needs.clock.now());
  }

  /** One of its pools must be able to run it, now or once its machines are known. */
  async #refuseImpossible(request: WorkloadRequest): Promise<void> {
    const { members, pools } = termsOf(request);
    const { membersMax, canShrink, name } = this.#needs.driver;
    if (members.min > membersMax) {
      throw new Fault(
        "compute.request-impossible",
        `it asks for at least ${members.min} members, and the driver ${name} of pool ${pools.join(", ")} runs at most ${membersMax} of a workload; ask for ${membersMax}, or choose a pool of another driver`,
        { details: { pools, members } },
      );
    }
    if (members.min < members.max && !canShrink) {
      throw new Fault(
        "compute.request-impossible",
        `it asks for ${members.min} to ${members.max} members, and the driver ${name} of pool ${pools.join(", ")} cannot take members from what runs; ask for one number of them, or choose a pool of another driver`,
        { details: { pools, members } },
      );
    }
    let first: Fault | null = null;
    for (const name of pools) {
      const pool = await this.#pool(name);
      if (pool === undefined || pool.status.nodes.length === 0) return;
      const impossible = findImpossibility(request.resources, pool.status.nodes);
      if (impossible === null) return;
      first ??= new Fault(
        "compute.request-impossible",
        `pool ${name} could never run this: ${impossible.sentence}; ${impossible.changes.join(", or ")}`,
        { details: { pool: name, reason: impossible.code, changes: impossible.changes } },
      );
    }
    if (first !== null) throw first;
  }

  /** Submissions that come together share one look at their pool. */
  async #pool(name: string): Promise<Pool | undefined> {
    let look = this.#looks.get(name);
    if (look === undefined) {
      look = this.#needs.resources.get(poolKind, null, name).finally(() => this.#looks.delete(name));
      this.#looks.set(name, look);
    }
    return await look;
  }

  async get(id: string): Promise<Workload | undefined> {
    return await this.#needs.store.get(id);
  }

  async list(filter: WorkloadFilter): Promise<readonly Workload[]> {
    return await this.#needs.store.list(filter);
  }

  async cancel(id: string, actor: string, why: string): Promise<void> {
    if ((await this.#needs.store.get(id)) === undefined) throw missingWorkload(id);
    await this.#needs.store.requestCancel(id, { actor, why, at: this.#needs.clock.now() });
  }

  async checkpoint(id: string, at: Instant): Promise<void> {
    if ((await this.#needs.store.get(id)) === undefined) throw missingWorkload(id);
    await this.#needs.store.noteCheckpoint(id, at, this.#needs.clock.now());
  }

  async taskFolder(id: string): Promise<string | null> {
    const workload = await this.#needs.store.get(id);
    return workload === undefined ? null : this.#needs.driver.taskFolder(workload);
  }
}

function checkRequest(request: WorkloadRequest): void {
  const result = workloadRequestSchema.safeParse(request);
  if (result.success) return;
  const issues = result.error.issues.slice(0, 5).map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new Fault("platform.request-invalid", `the workload is not as wanted: ${issues.join("; ")}`, {
    details: { issues },
  });
}

/** The fault for an id that no workload has. */
export function missingWorkload(id: string): Fault {
  return new Fault("compute.workload-missing", `there is no workload ${id}; list them with: millwright get workloads`, {
    details: { id },
  });
}
