import { askedAccelerator } from "./asked-accelerator.ts";
import { askedModel, ownModelName } from "./asked-model.ts";
import type { Accelerator } from "../catalog/accelerator.ts";
import type { Fallback } from "../catalog/fallback.ts";
import type { ModelShape } from "../catalog/model-shape.ts";
import { type MemoryDoubt, memoryDoubtOf } from "../accuracy/memory-doubt.ts";

/** The model and the accelerator of a question, and what they rest on besides what was measured. */
export interface AskedParts {
  readonly model: ModelShape;
  readonly accelerator: Accelerator;
  /** What stands in for an accelerator or a model that the catalog does not have. */
  readonly standIns: readonly Fallback[];
  readonly memoryDoubt: MemoryDoubt;
}

/**
 * Finds the model and the accelerator that a question names, or what stands in for them.
 *
 * @throws {Fault} what `askedModel` and `askedAccelerator` throw.
 */
export function askedParts(
  question: Parameters<typeof askedModel>[0] & Parameters<typeof askedAccelerator>[0],
): AskedParts {
  const [accelerator, model] = [askedAccelerator(question), askedModel(question)];
  const standIns = [accelerator.fallback, model.fallback].filter((each) => each !== undefined);
  return {
    model: model.value,
    accelerator: accelerator.value,
    standIns,
    memoryDoubt: memoryDoubtOf(ownModelName(model), standIns),
  };
}
