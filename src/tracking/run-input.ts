import { trackingLimits } from "./limits.ts";
import type { DatasetInput } from "./model.ts";
import { invalidRequest, type RequestFields } from "./request-field.ts";
import { parseTags } from "./run-entity.ts";

/** Reads what `runs/log-inputs` says of datasets. @throws {Fault} `tracking.request-invalid`. */
export function parseDatasetInputs(items: readonly RequestFields[]): readonly DatasetInput[] {
  if (items.length > trackingLimits.datasetsPerRequest) {
    throw invalidRequest(
      `A request can contain at most ${trackingLimits.datasetsPerRequest} datasets. Got ${items.length}.`,
    );
  }
  return items.map((item) => {
    const dataset = item.item("dataset");
    if (dataset === undefined) throw invalidRequest("Missing value for required parameter 'dataset'.");
    return {
      tags: parseTags(item.items("tags")),
      name: bounded("name", dataset.wantedText("name"), 500),
      digest: bounded("digest", dataset.wantedText("digest"), 36),
      sourceType: bounded("source_type", dataset.wantedText("source_type"), 36),
      source: bounded("source", dataset.wantedText("source"), trackingLimits.datasetSourceLength),
      schema: boundedOrNull("schema", dataset.text("schema"), trackingLimits.datasetProfileLength),
      profile: boundedOrNull("profile", dataset.text("profile"), trackingLimits.datasetProfileLength),
    };
  });
}

function bounded(name: string, text: string, max: number): string {
  if (text.length <= max) return text;
  throw invalidRequest(`Dataset ${name} exceeds the maximum length of ${max} characters (it has ${text.length})`);
}

function boundedOrNull(name: string, text: string | undefined, max: number): string | null {
  return text === undefined ? null : bounded(name, text, max);
}
