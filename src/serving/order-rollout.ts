import { Fault } from "../base/fault.ts";
import type { Platform } from "../platform/platform.ts";
import type { Resource } from "../platform/resource.ts";
import type { ModelRegistry } from "../registry/ports.ts";
import type { DeploymentStore } from "./deployment-store.ts";
import { deploymentKind, type DeploymentSpec, type DeploymentStatus } from "./model.ts";
import type { RolloutOrder } from "./rollout-order.ts";
import { isRolloutOpen } from "./rollout-size.ts";

/** What ordering needs. */
interface OrderNeeds {
  readonly platform: Pick<Platform, "resources">;
  /** Has the controller look at a deployment now. */
  readonly wake: (deployment: Resource) => Promise<void>;
  readonly registry: Pick<ModelRegistry, "setAlias">;
  readonly store: Pick<DeploymentStore, "order">;
}

/** What a person asks for. */
interface AskedOrder extends Pick<RolloutOrder, "action" | "percent" | "actor" | "reason"> {
  /** The version that the order is meant for; null means the candidate, whichever it is. */
  readonly version: string | null;
}

/** What was ordered. */
interface GivenOrder {
  readonly deployment: string;
  readonly version: string;
  readonly action: RolloutOrder["action"];
}

/**
 * Orders something of a deployment's rollout; the controller obeys at its next visit, which begins at once.
 *
 * A rollback after the end of a rollout makes the version that served before it the champion again.
 *
 * @throws {Fault} `platform.resource-missing` when nothing runs that could be decided over; `serving.request-invalid` when the order
 * does not fit the rollout.
 */
export async function orderRollout(
  { platform, registry, store, wake }: OrderNeeds,
  { project, name }: { readonly project: string; readonly name: string },
  asked: AskedOrder,
): Promise<GivenOrder> {
  const deployment = await platform.resources.get(deploymentKind, project, name);
  const rollout = deployment?.status.rollout ?? null;
  if (deployment === undefined || rollout === null) throw noRollout(project, name);
  const { action, percent, actor, reason } = asked;
  checkVersion(deployment, rollout, asked.version);
  if (isRolloutOpen(rollout)) {
    checkFits(rollout, asked);
    await store.order(project, name, { versionId: rollout.versionId, action, percent, actor, reason });
  } else if (action === "rollback" && rollout.state === "completed" && rollout.championId !== "") {
    await registry.setAlias(rollout.championId, "champion", actor, reason);
  } else throw noRollout(project, name);
  await wake(deployment);
  return { deployment: name, version: rollout.version, action };
}

type Rollout = NonNullable<DeploymentStatus["rollout"]>;

function checkVersion(deployment: Resource<DeploymentSpec>, rollout: Rollout, version: string | null): void {
  if (version === null || version === rollout.version || version === rollout.versionId) return;
  throw new Fault(
    "serving.request-invalid",
    `the rollout of ${deployment.name} is that of version ${rollout.version}, found ${version}; look again before deciding`,
  );
}

function checkFits(rollout: Rollout, { action, percent }: AskedOrder): void {
  if (action === "resume" && rollout.state !== "paused") {
    throw new Fault("serving.request-invalid", `only a paused rollout is resumed; this one is ${rollout.state}`);
  }
  if (action !== "split") return;
  if (rollout.state !== "paused") {
    throw new Fault(
      "serving.request-invalid",
      `a split is set while a rollout is paused; this one is ${rollout.state} at ${rollout.percent} %`,
    );
  }
  if (rollout.strategy === "rolling" || rollout.strategy === "blue-green") {
    throw new Fault(
      "serving.request-invalid",
      `a ${rollout.strategy} rollout moves traffic with its replicas; resume, promote or roll it back, found a split of ${percent} %`,
    );
  }
}

function noRollout(project: string, name: string): Fault {
  return new Fault(
    "platform.resource-missing",
    `deployment ${name} of project ${project} has no rollout that runs, or that could be taken back`,
  );
}
