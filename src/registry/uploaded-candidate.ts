import { Fault } from "../base/fault.ts";
import type { NewVersion } from "./model.ts";
import type { Lineage, ModelRegistry, ModelVersion } from "./ports.ts";

/** The name that stands in lineage for "no job: a person uploaded the file". */
export const uploadedBy = "upload";

/**
 * Makes the candidate that an uploaded file becomes. What a training job would have recorded comes from the version
 * that it is based on, or from the request. A model of rows says its inputs and its training window; any other says
 * neither, and no suite that judges rows takes it.
 *
 * @throws {Fault} `platform.request-invalid` when one is told without the other.
 */
export function uploadedCandidate(
  request: NewVersion,
  basis: ModelVersion | null,
  file: { readonly id: string; readonly project: string; readonly sha256: string; readonly identity: string },
): Parameters<ModelRegistry["register"]>[0] {
  const inputs = request.inputs ?? basis?.inputs ?? [];
  const window = request.trainingWindow ?? basis?.lineage.trainingSet ?? null;
  const featureViews = request.featureViews ?? basis?.lineage.featureViews ?? [];
  checkWhole(inputs.length > 0, window !== null, featureViews.length > 0);
  const lineage: Lineage = {
    trainingJob: uploadedBy,
    runId: "",
    workload: "",
    codeHash: "",
    trainingSet: window === null ? null : { ...setOf(basis), from: window.from, to: window.to },
    datasets: basis?.lineage.datasets ?? [],
    featureViews,
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

function setOf(basis: ModelVersion | null): {
  readonly id: string;
  readonly fingerprint: string;
  readonly rows: number;
} {
  const { id, fingerprint, rows } = basis?.lineage.trainingSet ?? { id: "", fingerprint: "", rows: 0 };
  return { id, fingerprint, rows };
}

function checkWhole(hasInputs: boolean, hasWindow: boolean, hasViews: boolean): void {
  if (hasInputs && hasWindow) return;
  if (!hasInputs && !hasWindow && !hasViews) return;
  const said = [hasInputs ? "inputs" : "", hasWindow ? "trainingWindow" : "", hasViews ? "featureViews" : ""];
  const missing = [hasInputs ? "" : "inputs", hasWindow ? "" : "trainingWindow"];
  throw new Fault(
    "platform.request-invalid",
    `a model of rows wants inputs and trainingWindow, or the version that it is basedOn; found ${listOf(said)} without ${listOf(missing)}. Give both; leave them and featureViews out for a model that takes no rows, such as a language model`,
  );
}

function listOf(names: readonly string[]): string {
  return names.filter((name) => name !== "").join(" and ");
}
