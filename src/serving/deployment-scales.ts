import { refKey } from "../platform/resource.ts";
import { noScaleMemory, type ScaleMemory } from "./autoscale/decide-scale.ts";
import { planScale } from "./autoscale/plan-scale.ts";
import type { Deployment, DeploymentNeeds } from "./deployment-needs.ts";
import type { DeploymentStatus } from "./model.ts";
import { isReplicaReady, type ReplicaFact } from "./replica-plan.ts";

/** Starts of replicas from which the next one's length is told. */
const coldStartsKnown = 5;

/** How many replicas deployments are to have whose replicas follow the load, and which of them sleep. */
export class DeploymentScales {
  readonly #needs: Pick<DeploymentNeeds, "store" | "loads" | "platform">;
  /** Deployments without replicas that the first request wakes. */
  readonly #asleep = new Set<string>();
  /** What scaling remembers, by deployment; lost with the process, whereupon nothing is scaled down for a while. */
  readonly #memories = new Map<string, ScaleMemory>();

  constructor(needs: Pick<DeploymentNeeds, "store" | "loads" | "platform">) {
    this.#needs = needs;
  }

  /** Whether a deployment was asleep; it is not from now on. */
  wakes(key: string): boolean {
    return this.#asleep.delete(key);
  }

  /** Forgets a deployment that is gone. */
  forget(deployment: Deployment): void {
    this.#asleep.delete(refKey(deployment));
    this.#memories.delete(refKey(deployment));
    this.#needs.loads.forget(deployment.project ?? "", deployment.name);
  }

  /** @returns null where the load decides nothing. */
  async scaleOf(deployment: Deployment, replicas: readonly ReplicaFact[]): Promise<DeploymentStatus["scale"]> {
    const { store, loads, platform } = this.#needs;
    const project = deployment.project ?? "";
    const key = refKey(deployment);
    const { champion, scale: previous } = deployment.status;
    const now = platform.clock.now();
    const ready = replicas.filter((fact) => fact.versionId === champion?.versionId && isReplicaReady(fact)).length;
    const planned = planScale({
      spec: deployment.spec,
      previous,
      ready,
      coldStartsMs: await store.coldStarts(project, deployment.name, coldStartsKnown),
      history: loads.historyOf(project, deployment.name),
      memory: this.#memories.get(key) ?? noScaleMemory,
      now,
    });
    if (planned === null) return null;
    this.#memories.set(key, planned.memory);
    if (planned.replicas === 0) this.#asleep.add(key);
    else this.#asleep.delete(key);
    const { replicas: wanted, reason, isPanic, coldStartMs } = planned;
    // The reason is that of the last change: one that told each second's load would be a write a second.
    const last =
      previous?.replicas === wanted ? { reason: previous.reason, since: previous.since } : { reason, since: now };
    return { replicas: wanted, ready, isPanic, coldStartMs, ...last };
  }
}
