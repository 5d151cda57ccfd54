import { Fault } from "../../base/fault.ts";
import type { EngineAsk } from "./engine-flag.ts";
import type { ModelFit } from "./model-fit.ts";

/** How the model lies on its GPUs. @throws {Fault} `serving.model-incompatible` when the deployment has none: this engine wants some. */
export function neededFit({ fit, preset }: EngineAsk): ModelFit {
  if (fit !== null) return fit;
  throw new Fault(
    "serving.model-incompatible",
    `the preset ${preset.engine} wants at least one GPU, found none; set resources.gpus, or choose llamacpp`,
  );
}

/** Refuses what an engine's command line cannot say. @throws {Fault} `serving.model-incompatible`. */
export function refuse(isAsked: boolean, engine: string, what: string, instead: string): void {
  if (!isAsked) return;
  throw new Fault("serving.model-incompatible", `the preset ${engine} has no flag for ${what}; ${instead}`);
}
