import { Fault } from "../base/fault.ts";
import type { NewVersion } from "./model.ts";
import type { Lineage, ModelRegistry, ModelVersion } from "./ports.ts";

/** The name that stands in lineage for "no job: a person uploaded the file". */
export const uploadedBy = "upload";

/**
 * Makes the candidate that an uploaded file becomes. What a training job would have recorded comes from the version
 * that it is based on, or from the request.
 *
 * @throws {Fault} `platform.request-invalid` when neither tells the inputs or the training window.
 */
export function uploadedCandidate(
  request: NewVersion,
  basis: ModelVersion | null,
  file: { readonly id: string; readonly project: string; readonly sha256: string; readonly identity: string },
): Parameters<ModelRegistry["register"]>[0] {
  const inputs = request.inputs ?? basis?.inputs;
  const window = request.trainingWindow ?? basis?.lineage.trainingSet;
  if (inputs === undefined || window === undefined) {
    throw new Fault(
      "platform.request-invalid",
      "an uploaded model wants to say its inputs and trainingWindow, or the version that it is basedOn; found neither",
    );
  }
  const lineage: Lineage = {
    trainingJob: uploadedBy,
    runId: "",
    workload: "",
    codeHash: "",
    trainingSet: {
      id: basis?.lineage.trainingSet.id ?? "",
      fingerprint: basis?.lineage.trainingSet.fingerprint ?? "",
      rows: basis?.lineage.trainingSet.rows ?? 0,
      from: window.from,
      to: window.to,
    },
    datasets: basis?.lineage.datasets ?? [],
    featureViews: request.featureViews ?? basis?.lineage.featureViews ?? [],
    startedBy: `user:${file.identity}`,
  };
  return {
    id: file.id,
    project: file.project,
    model: request.model,
    objectKey: request.objectKey,
    sha256: file.sha256,
    inputs,
    lineage,
    registeredBy: file.identity,
  };
}
