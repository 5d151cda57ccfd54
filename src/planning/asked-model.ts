import { findModel, parseModels } from "./catalog/find-model.ts";
import { readHuggingFaceConfig } from "./catalog/hugging-face-config.ts";
import type { ModelShape } from "./catalog/model-shape.ts";

/**
 * The model that a question names: from its `config.json` when that was given, else from the catalog.
 *
 * @throws {Fault} `planning.model-unknown`, `planning.model-config-invalid` or `planning.catalog-invalid`.
 */
export function askedModel(question: {
  readonly model: string;
  readonly modelConfig?: unknown;
  readonly ownModels?: unknown;
}): ModelShape {
  if (question.modelConfig !== undefined) return readHuggingFaceConfig(question.model, question.modelConfig);
  return findModel(question.model, parseModels(question.ownModels ?? []));
}

/** The name of a model that no measured row can have, since its shape was given; undefined for one of the catalog. */
export function ownModelName(model: ModelShape): string | undefined {
  return model.confidence === "U" ? model.name : undefined;
}
