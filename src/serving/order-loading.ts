import { Fault } from "../base/fault.ts";
import type { Platform } from "../platform/platform.ts";
import type { Resource } from "../platform/resource.ts";
import type { DeploymentStore } from "./deployment-store.ts";
import type { LoadingAsk } from "./gateway/messages.ts";
import { type LoadingState, loadingState } from "./loading-state.ts";
import { deploymentKind, type DeploymentSpec, type DeploymentStatus } from "./model.ts";
import { isRolloutOpen } from "./rollout-size.ts";

/** What loading and unloading need. */
interface LoadingNeeds {
  readonly platform: Pick<Platform, "resources">;
  readonly store: Pick<DeploymentStore, "setUnloaded" | "unloadedBy">;
  /** Has the controller look at a deployment now. */
  readonly wake: (deployment: Resource) => Promise<void>;
}

type Deployment = Resource<DeploymentSpec, DeploymentStatus>;

/**
 * Orders that a deployment's model be loaded or unloaded; the controller obeys at its next visit, which begins at once. An
 * unloaded one has no replica until it is loaded again, whatever its load.
 *
 * @throws {Fault} `serving.model-missing`; `serving.loading-refused` when there is nothing to load or unload here, or a rollout runs.
 */
export async function orderLoading(needs: LoadingNeeds, asked: Extract<LoadingAsk, { change: string }>): Promise<void> {
  const { project, deployment: name, change, identity } = asked;
  const deployment = await find(needs, project, name);
  if (deployment.spec.external !== undefined) {
    throw refused(
      `${name} runs elsewhere (${deployment.spec.external.url}) and is not the platform's to ${change}; ${change} it there, or change the deployment's spec`,
    );
  }
  const { rollout } = deployment.status;
  if (change === "unload" && isRolloutOpen(rollout)) {
    throw refused(
      `the rollout of version ${rollout?.version ?? ""} of ${name} is ${rollout?.state ?? ""}, and unloading would end what it measures; promote it or roll it back first`,
    );
  }
  await needs.store.setUnloaded(project, name, change === "unload" ? identity : null);
  await needs.wake(deployment);
}

/** How far it is. @throws {Fault} `serving.model-missing` when the deployment is gone. */
export async function readLoading(
  needs: Pick<LoadingNeeds, "platform" | "store">,
  { project, deployment }: Pick<LoadingAsk, "project" | "deployment">,
): Promise<LoadingState> {
  const found = await find(needs, project, deployment);
  return loadingState(found.status, (await needs.store.unloadedBy(project, deployment)) !== null);
}

async function find({ platform }: Pick<LoadingNeeds, "platform">, project: string, name: string): Promise<Deployment> {
  const deployment = await platform.resources.get(deploymentKind, project, name);
  if (deployment !== undefined && deployment.deletingSince === null) return deployment;
  throw new Fault(
    "serving.model-missing",
    `project ${project} has no deployment "${name.slice(0, 200)}"; write it as a resource of kind Deployment and run: millwright apply -f FILE`,
  );
}

function refused(message: string): Fault {
  return new Fault("serving.loading-refused", message);
}
