import type { Resolved } from "../catalog/fallback.ts";
import { parseModels } from "../catalog/find-model.ts";
import { readHuggingFaceConfig } from "../catalog/hugging-face-config.ts";
import type { ModelShape } from "../catalog/model-shape.ts";
import { type NamedModel, resolveModel } from "../catalog/resolve-model.ts";

/**
 * The model that a question names: from its `config.json` when that was given, else from the catalog, else the typical shape of
 * its size, with the fallback named.
 *
 * @throws {Fault} `planning.model-unknown`, `planning.model-config-invalid`, `planning.catalog-invalid`, or
 * `planning.request-invalid` where the stated number of weights contradicts the catalog.
 */
export function askedModel(
  question: NamedModel & { readonly modelConfig?: unknown; readonly ownModels?: unknown },
): Resolved<ModelShape> {
  if (question.modelConfig !== undefined) return { value: readHuggingFaceConfig(question.model, question.modelConfig) };
  return resolveModel(question, parseModels(question.ownModels ?? []));
}

/** The name of a model that no measured row can have, since its shape was given; undefined for one of the catalog, or a guess. */
export function ownModelName({ value, fallback }: Resolved<ModelShape>): string | undefined {
  return value.confidence === "U" && fallback === undefined ? value.name : undefined;
}
