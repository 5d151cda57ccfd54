import { Fault } from "../base/fault.ts";
import { describeVersion } from "./approve.ts";
import type { ModelVersion } from "./ports.ts";

/**
 * Decides what a gate's verdict does to a version.
 *
 * Only a candidate waits for one; a person's earlier word (approved by override, rejected, retired) stands. A verdict
 * that comes twice, as after a crash, changes nothing.
 */
export function judgeEvaluation(version: ModelVersion, passed: boolean): "unchanged" | "passed" | "rejected" {
  if (version.state !== "candidate") return "unchanged";
  return passed ? "passed" : "rejected";
}

/** Makes sure that an alias may point to the version. @throws {Fault} `registry.not-approved`. */
export function requireApproved(version: ModelVersion, alias: string): void {
  if (version.state === "approved") return;
  throw new Fault(
    "registry.not-approved",
    `the alias ${alias} cannot point to ${describeVersion(version)}: it is ${version.state}, and only an approved version may serve`,
    { details: { id: version.id, state: version.state, alias } },
  );
}

/**
 * Makes sure that registering an id again means the same thing as before.
 *
 * @throws {Fault} `registry.version-conflict` when the id stands for another file or model.
 */
export function requireSameCandidate(
  found: ModelVersion,
  wanted: Pick<ModelVersion, "id" | "project" | "model" | "sha256">,
): void {
  const isSame = found.project === wanted.project && found.model === wanted.model && found.sha256 === wanted.sha256;
  if (isSame) return;
  throw new Fault(
    "registry.version-conflict",
    `the id ${wanted.id} is already ${describeVersion(found)} with SHA-256 ${found.sha256.slice(0, 12)}; it was asked to be ${wanted.model} with ${wanted.sha256.slice(0, 12)}. Register under another id`,
    { details: { id: wanted.id, found: found.sha256, wanted: wanted.sha256 } },
  );
}
