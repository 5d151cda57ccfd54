import { canonicalJson } from "../base/canonical-json.ts";
import type { DeploymentSpec } from "./model.ts";
import { fingerprint } from "./replica-id.ts";
import type { RunnableVersion } from "./replica-plan.ts";

/** Whether the gateway completes rows with features and answers with one probability, as a deployment with inputs asks. */
export function isTabular(spec: Pick<DeploymentSpec, "runtime" | "inputs">): boolean {
  return spec.runtime === "onnx" && spec.inputs.length > 0;
}

/** What the replicas of a deployment speak. */
export function protocolOf(spec: Pick<DeploymentSpec, "runtime" | "process" | "external">): "openai" | "v2" {
  switch (spec.runtime) {
    case "onnx":
      return "v2";
    case "gguf":
      return "openai";
    case "process":
      return spec.process?.protocol ?? "openai";
    case "external":
      return spec.external?.protocol ?? "openai";
  }
}

/**
 * The version of a deployment that names no registered model: what its spec says is what runs, so another spec is another version.
 */
export function specVersion(spec: Pick<DeploymentSpec, "process" | "gguf" | "onnx">): RunnableVersion {
  const text = canonicalJson({ process: spec.process, gguf: spec.gguf, onnx: spec.onnx });
  const mark = fingerprint(text);
  return { versionId: `spec-${mark}`, version: `spec-${mark.slice(0, 8)}`, columns: [] };
}
