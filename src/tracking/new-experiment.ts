import { artifactScheme } from "./artifact-path.ts";
import { trackingLimits } from "./limits.ts";
import type { Experiment, Texts } from "./model.ts";
import { invalidRequest } from "./request-field.ts";

/**
 * Makes an experiment of what a client asked for.
 *
 * @throws {Fault} `tracking.request-invalid` when its name or its artifact location cannot be taken.
 */
export function newExperiment(asked: {
  readonly project: string;
  readonly experimentId: string;
  readonly name: string;
  readonly artifactLocation: string | undefined;
  readonly tags: Texts;
  readonly now: number;
}): Experiment {
  if (asked.name.length > trackingLimits.experimentNameLength) {
    throw invalidRequest(
      `Experiment name exceeds the maximum length of ${trackingLimits.experimentNameLength} characters (it has ${asked.name.length})`,
    );
  }
  return {
    project: asked.project,
    experimentId: asked.experimentId,
    name: asked.name,
    artifactLocation: checkLocation(asked.artifactLocation) ?? `${artifactScheme}${asked.experimentId}`,
    lifecycle: "active",
    tags: asked.tags,
    createdAt: asked.now,
    updatedAt: asked.now,
  };
}

function checkLocation(location: string | undefined): string | undefined {
  if (location === undefined || location === "") return undefined;
  if (/[#?;]|(^|\/)\.\.(\/|$)/.test(location)) {
    throw invalidRequest(
      `Invalid artifact location ${JSON.stringify(location.slice(0, 120))}: it may hold neither a query, nor a fragment, nor ".."`,
    );
  }
  return location.replace(/\/+$/, "");
}
