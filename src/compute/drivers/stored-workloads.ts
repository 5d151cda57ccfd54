import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { ResourceStore } from "../../platform/resource-store.ts";
import { findImpossibility } from "../fit-node.ts";
import { poolKind, workloadRequestSchema } from "../model.ts";
import type { ComputeDriver, Workload, WorkloadRequest, Workloads } from "../ports.ts";
import type { WorkloadFilter, WorkloadStore } from "../store.ts";

export interface StoredWorkloadsNeeds {
  readonly store: WorkloadStore;
  readonly resources: ResourceStore;
  readonly driver: ComputeDriver;
  readonly clock: Clock;
}

/** The door to compute for other rooms: what they submit waits in the database until a scheduler gives it a place. */
export class StoredWorkloads implements Workloads {
  readonly #needs: StoredWorkloadsNeeds;

  constructor(needs: StoredWorkloadsNeeds) {
    this.#needs = needs;
  }

  async submit(request: WorkloadRequest): Promise<Workload> {
    const known = await this.#needs.store.get(request.id);
    if (known !== undefined) return known;
    checkRequest(request);
    const pool = await this.#needs.resources.get(poolKind, null, request.pool);
    if (pool !== undefined && pool.status.nodes.length > 0) {
      const impossible = findImpossibility(request.resources, pool.status.nodes);
      if (impossible !== null) {
        throw new Fault(
          "compute.request-impossible",
          `pool ${request.pool} could never run this: ${impossible.sentence}; ${impossible.changes.join(", or ")}`,
          { details: { pool: request.pool, reason: impossible.code, changes: impossible.changes } },
        );
      }
    }
    return await this.#needs.store.insert(request, this.#needs.clock.now());
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
