import type { DeploymentSnapshot } from "./deployment-snapshot.ts";
import type { DeploymentSpec } from "./model.ts";
import type { RunnableVersion } from "./replica-plan.ts";
import { isTabular } from "./served-spec.ts";

/** Says which of a version's columns nobody can give; null when all are known. */
export function columnProblem(
  version: RunnableVersion,
  snapshot: Pick<DeploymentSnapshot, "views"> & { readonly deployment: { readonly spec: DeploymentSpec } },
): string | null {
  const { spec } = snapshot.deployment;
  if (!isTabular(spec)) return null;
  const missingView = spec.features.views.find((name) => !snapshot.views.some((view) => view.name === name));
  if (missingView !== undefined) return `there is no feature view "${missingView}"; apply it first`;
  for (const view of snapshot.views) {
    const absent = view.entity.find((column) => !spec.inputs.some((input) => input.name === column));
    if (absent !== undefined) {
      return `feature view ${view.name} is looked up by "${absent}", which is not among the inputs ${spec.inputs.map((input) => input.name).join(", ")}`;
    }
  }
  if (version.columns.length === 0) {
    return `the deployment takes rows, and version ${version.version} was registered without inputs; register it again with its inputs and trainingWindow, or leave the deployment's inputs out to serve the model's own tensors`;
  }
  const known = new Set([
    ...spec.inputs.map((input) => input.name),
    ...Object.keys(spec.features.calendar),
    ...snapshot.views.flatMap((view) => view.features),
  ]);
  const unknown = version.columns.filter((column) => !known.has(column));
  if (unknown.length === 0) return null;
  return `version ${version.version} wants the columns ${version.columns.join(", ")}; found ${[...known].join(", ")}. Missing: ${unknown.join(", ")}; add them to the deployment's inputs or feature views`;
}
