import { Fault } from "../../base/fault.ts";
import type { Route, TabularRoute } from "./routing-table.ts";

/** What the gateway says of itself. */
export const serverMetadata = {
  name: "millwright",
  version: "2",
  extensions: ["binary_tensor_data", "model_repository"],
} as const;

/** A tensor as metadata describe it; -1 in the shape stands for any length. */
interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** What a model takes and gives, as the Open Inference Protocol v2 writes it. */
export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

/** The only output of a tabular deployment. */
export const tabularOutput = "probability";

/** What a tabular deployment takes and gives. */
export function tabularMetadata(route: TabularRoute): ModelMetadata {
  return {
    name: route.deployment,
    versions: versionNames(route),
    platform: "onnx_onnxv1",
    inputs: route.inputs.map((input) => ({ name: input.name, datatype: input.datatype, shape: [-1] })),
    outputs: [{ name: tabularOutput, datatype: "FP32", shape: [-1] }],
  };
}

/** The numbers of a deployment's versions. */
export function versionNames(route: Route): readonly string[] {
  return route.versions.map((version: { readonly version: string }) => version.version);
}

/** The fault that tells a version that does not serve. */
export function versionMissing(route: Route, version: string): Fault {
  return new Fault(
    "serving.model-missing",
    `${route.deployment} serves the versions ${versionNames(route).join(", ")}; found ${version.slice(0, 200)}`,
  );
}
