import { Fault } from "../../base/fault.ts";
import type { TabularRoute } from "./routing-table.ts";
import { versionNamed } from "./traffic-split.ts";

/** What the gateway says of itself. */
export const serverMetadata = { name: "millwright", version: "2", extensions: ["binary_tensor_data"] } as const;

/**
 * What a deployment takes and gives, as the Open Inference Protocol v2 writes it.
 *
 * @param version a version's number or id; null means the deployment as a whole.
 * @throws {Fault} `serving.model-missing` when no such version serves.
 */
export function modelMetadata(route: TabularRoute, version: string | null): unknown {
  if (version !== null && versionNamed(route, version) === undefined) {
    throw new Fault(
      "serving.model-missing",
      `${route.deployment} serves the versions ${route.versions.map((each) => each.version).join(", ")}; found ${version}`,
    );
  }
  return {
    name: route.deployment,
    versions: route.versions.map((each) => each.version),
    platform: "onnx_onnxv1",
    inputs: route.inputs.map((input) => ({ name: input.name, datatype: input.datatype, shape: [-1] })),
    outputs: [{ name: "probability", datatype: "FP32", shape: [-1] }],
  };
}
