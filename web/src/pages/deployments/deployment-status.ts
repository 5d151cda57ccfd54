import type { CurrentRollout } from "../../api/gather-rollouts.ts";
import type { Fields } from "../../api/reading.ts";
import type { ResourceSummary } from "../../api/resources.ts";
import { versionLabel } from "../../words/version-label.ts";

/** A version's share of a deployment's traffic, 0 to 100. */
export interface TrafficShare {
  readonly version: string;
  /** What it is to a rollout: champion, candidate or baseline. */
  readonly arm: string;
  readonly percent: number;
}

/** One process that answers requests. */
export interface Replica {
  readonly version: string;
  readonly workload: string;
  readonly state: string;
  readonly isReady: boolean;
  readonly message: string;
}

/** How many replicas there are to be, and why. */
export interface Scale {
  readonly replicas: number;
  readonly ready: number;
  readonly reason: string;
  /** Whether a burst keeps scaling down off. */
  readonly isPanic: boolean;
  readonly coldStartMs: number;
  readonly since: number;
}

/** What a deployment's status says of its traffic and replicas. */
export interface DeploymentStatus {
  readonly split: readonly TrafficShare[];
  readonly replicas: readonly Replica[];
  readonly url: string | null;
  /** The shares of its newest rollout, in percent, rising. */
  readonly percents: readonly number[];
  /** How a new version takes over. */
  readonly strategy: string;
  readonly rollout: CurrentRollout | null;
  /** Null where the manifest fixes the number of replicas. */
  readonly scale: Scale | null;
}

/** Reads a deployment's status. */
export function deploymentStatus(deployment: ResourceSummary): DeploymentStatus {
  const { status } = deployment;
  return {
    split: status.list("traffic", (each) => ({
      version: versionLabel(each.textOr("version", "?")),
      arm: each.textOr("arm", "champion"),
      percent: each.numberOr("percent", 0),
    })),
    replicas: status.list("replicas", (each) => ({
      version: versionLabel(each.textOr("version", "?")),
      workload: each.textOr("workload", ""),
      state: each.textOr("state", ""),
      isReady: each.flag("ready"),
      message: each.textOr("message", ""),
    })),
    url: status.textOr("url", null),
    percents: status.fieldsOrNull("rollout")?.numbers("steps") ?? [],
    strategy: deployment.spec.fieldsOrNull("rollout")?.textOr("strategy", "canary") ?? "canary",
    rollout: readRollout(status.fieldsOrNull("rollout")),
    scale: readScale(status.fieldsOrNull("scale")),
  };
}

function readScale(fields: Fields | null): Scale | null {
  if (fields === null) return null;
  return {
    replicas: fields.numberOr("replicas", 0),
    ready: fields.numberOr("ready", 0),
    reason: fields.textOr("reason", ""),
    isPanic: fields.flag("isPanic"),
    coldStartMs: fields.numberOr("coldStartMs", 0),
    since: fields.numberOr("since", 0),
  };
}

/** What a deployment serves, in a few words: a registered model, or what its runtime was told. */
export function servedModel({ spec }: Pick<ResourceSummary, "spec">): string {
  const external = spec.fields("external");
  const program = spec.fields("process");
  const named = [
    spec.textOr("model", ""),
    external.textOr("model", ""),
    spec.fields("gguf").textOr("file", ""),
    spec.fields("onnx").textOr("file", ""),
    program.fields("preset").textOr("source", ""),
    program.textOr("model", ""),
    program.texts("command")[0] ?? "",
  ];
  return named.find((name) => name !== "") ?? "–";
}

function readRollout(fields: Fields | null): CurrentRollout | null {
  if (fields === null) return null;
  return {
    versionId: fields.textOr("versionId", ""),
    version: versionLabel(fields.textOr("version", "?")),
    state: fields.textOr("state", ""),
    percent: fields.numberOr("percent", 0),
    reason: fields.textOr("reason", ""),
    startedAt: fields.numberOr("startedAt", null),
    history: fields.list("history", (step) => ({
      percent: step.numberOr("percent", 0),
      startedAt: step.numberOr("startedAt", 0),
    })),
  };
}

/** Whether a rollout still goes on, so that a person may decide over it. */
export function isOpen(rollout: CurrentRollout | null): boolean {
  return rollout !== null && ["starting", "running", "paused"].includes(rollout.state);
}

/** Whether a rollout was completed, so that the version before it may come back. */
export function isCompleted(rollout: CurrentRollout | null): boolean {
  return rollout?.state === "completed";
}

/** How many replicas answer, of how many there are. */
export function replicaCount(replicas: readonly Replica[]): string {
  return replicas.length === 0 ? "–" : `${replicas.filter((each) => each.isReady).length} of ${replicas.length}`;
}
