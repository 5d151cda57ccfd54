import type { DeploymentSnapshot } from "./deployment-snapshot.ts";
import type { RunnableVersion } from "./replica-plan.ts";
import { isRolloutOpen } from "./rollout-size.ts";

/**
 * The version that takes all requests after a switch while another one has become the candidate already; null when there is none.
 *
 * Its rollout is brought to its end before the next one begins: that one replaces what serves now, not what served before it.
 */
export function supersededSwitch({
  deployment,
  champion,
  candidate,
  replicas,
}: DeploymentSnapshot): RunnableVersion | null {
  const { rollout } = deployment.status;
  if (!isRolloutOpen(rollout) || rollout.strategy !== "blue-green" || rollout.percent < 100) return null;
  if (candidate === null || candidate.versionId === rollout.versionId) return null;
  const isTaken = candidate.versionId === champion?.versionId || rollout.versionId === champion?.versionId;
  const fact = replicas.find((each) => each.versionId === rollout.versionId);
  if (isTaken || deployment.spec.rollout.strategy !== "blue-green" || fact === undefined) return null;
  return { versionId: fact.versionId, version: fact.version, columns: fact.columns };
}
