import { canonicalJson } from "../base/canonical-json.ts";
import type { Resource } from "../platform/resource.ts";
import type { DeploymentSpec } from "./model.ts";
import type { ReplicaStart } from "./replica-plan.ts";

/** Fingerprint of how a deployment starts replicas: another pool, other resources or another way to run need other replicas. */
export function replicaSignature(deployment: Pick<Resource<DeploymentSpec>, "uid" | "spec">): string {
  const { pool, resources, runtime, process, gguf, onnx, inputs } = deployment.spec;
  // Of a tabular deployment nothing but its columns reaches the replicas; one without inputs serves the model's own tensors.
  const isRaw = runtime === "onnx" && inputs.length === 0 ? true : undefined;
  return fingerprint(canonicalJson({ uid: deployment.uid, pool, resources, runtime, process, gguf, onnx, isRaw }));
}

/** The workload's id of a replica; the same replica always has the same id, so submitting it twice starts it once. */
export function replicaId(deployment: Pick<Resource, "name">, start: ReplicaStart, signature: string): string {
  const version = fingerprint(`${signature}/${start.versionId}`);
  return `replica-${deployment.name}-${version}-${start.slot}-${start.generation}`;
}

/** 64 bits as 16 hex digits: two FNV-1a hashes of different seeds. Tells apart, protects nothing. */
export function fingerprint(text: string): string {
  return [0x811c9dc5, 0x9e3779b9].map((seed) => hash(text, seed)).join("");
}

function hash(text: string, seed: number): string {
  let value = seed;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return (value >>> 0).toString(16).padStart(8, "0");
}
