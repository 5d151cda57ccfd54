import { parseSize } from "../base/units.ts";
import type { TaskCommand, WorkloadRequest } from "../compute/ports.ts";
import type { Resource } from "../platform/resource.ts";
import { deploymentKind, type DeploymentSpec } from "./model.ts";

/** Replicas run before batch work, after the platform's own. */
const replicaPriority = 80;

/** How often a replica that was lost with its node is started again by itself. */
const replicaRestarts = 3;

/**
 * The workload of one replica. One that spans several machines is a gang: its members start together or not at all.
 *
 * @param pool the deployment's pool.
 */
export function replicaWorkload(
  id: string,
  deployment: Pick<Resource<DeploymentSpec>, "project" | "name" | "spec">,
  pool: string,
  command: TaskCommand,
): WorkloadRequest {
  const { spec, project, name } = deployment;
  const nodes = spec.process?.nodes ?? 1;
  return {
    id,
    project: project ?? "",
    owner: { kind: deploymentKind.kind, project, name },
    purpose: "replica",
    pool,
    priority: spec.priority ?? replicaPriority,
    ...(spec.preemptible === undefined ? {} : { isPreemptible: spec.preemptible }),
    ...(nodes === 1 ? {} : { members: { min: nodes, max: nodes } }),
    resources: {
      cpus: spec.resources.cpus,
      memory: parseSize(spec.resources.memory),
      gpus: spec.resources.gpus ?? 0,
      gpuModel: spec.resources.gpuModel ?? null,
    },
    command,
    maxRestarts: replicaRestarts,
  };
}
