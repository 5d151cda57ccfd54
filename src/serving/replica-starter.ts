import { isFault } from "../base/fault.ts";
import type { Deployment, DeploymentNeeds } from "./deployment-needs.ts";
import type { DeploymentPlan } from "./deployment-plan.ts";
import type { DeploymentSnapshot } from "./deployment-snapshot.ts";
import { replicaId } from "./replica-id.ts";
import type { ReplicaStart } from "./replica-plan.ts";
import { replicaWorkload } from "./replica-workload.ts";

/** Starts the replicas that a plan wants: notes each, then submits its workload. */
export class ReplicaStarter {
  readonly #needs: DeploymentNeeds;
  /** Why workloads could not be submitted, by id; lost with the process and then found out again. */
  readonly #problems = new Map<string, string>();

  constructor(needs: DeploymentNeeds) {
    this.#needs = needs;
  }

  /** Why a replica's workload could not be submitted; null when it could, or was not tried yet. */
  problemOf(replica: string): string | null {
    return this.#problems.get(replica) ?? null;
  }

  async start(snapshot: DeploymentSnapshot, plan: DeploymentPlan): Promise<void> {
    const { deployment, signature } = snapshot;
    for (const start of plan.starts) {
      const id = replicaId(deployment, start, signature);
      await this.#needs.store.addReplica(deployment.project ?? "", deployment.name, { ...start, id, signature });
    }
    // Also replicas that were noted before a crash and never submitted.
    const missing = snapshot.replicas.filter((fact) => fact.state === "missing" && fact.signature === signature);
    const starts = plan.starts.map((start) => ({ ...start, id: replicaId(deployment, start, signature) }));
    for (const replica of [...missing, ...starts]) await this.#submit(deployment, replica);
  }

  async #submit(deployment: Deployment, replica: ReplicaStart & { readonly id: string }): Promise<void> {
    const { workloads, registry, platform, replicaCommand } = this.#needs;
    const { spec } = deployment;
    const version = spec.model === undefined ? null : await registry.get(replica.versionId);
    if (version === undefined || spec.pool === undefined) return;
    const modelPath = version === null ? null : await platform.objects.localPath(version.objectKey);
    try {
      const command = replicaCommand({ deployment: deployment.name, spec, replica, modelPath });
      await workloads.submit(replicaWorkload(replica.id, deployment, spec.pool, command));
      this.#problems.delete(replica.id);
    } catch (error) {
      if (!isFault(error)) throw error;
      this.#problems.set(replica.id, error.message);
    }
  }
}
