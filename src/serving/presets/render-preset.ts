import { Fault } from "../../base/fault.ts";
import { parseSize } from "../../base/units.ts";
import type { EngineAsk, EngineCommand, EngineFlag } from "./engine-flag.ts";
import { gpuMemory } from "./gpu-memory.ts";
import { llamacppCommand, llamacppSlots } from "./llamacpp-command.ts";
import { modelCard } from "./model-card.ts";
import { type ModelFit, modelFit } from "./model-fit.ts";
import type { ModelCard, Preset } from "./preset-spec.ts";
import { sglangCommand } from "./sglang-command.ts";
import { tgiCommand } from "./tgi-command.ts";
import { trtllmCommand } from "./trtllm-command.ts";
import { vllmCommand } from "./vllm-command.ts";

/** What a preset's model is to run on. */
export interface PresetPlace {
  /** Of each machine. */
  readonly gpus: number;
  readonly gpuModel: string | null;
  readonly nodes: number;
  readonly hasRegisteredModel: boolean;
}

/** The command that a preset stands for; names in braces are filled in when a replica starts. */
export interface RenderedPreset {
  readonly command: readonly string[];
  /** What machines behind the first run; null: the same. */
  readonly workerCommand: readonly string[] | null;
  readonly environment: Readonly<Record<string, string>>;
  readonly engine: "vllm" | "sglang" | "trtllm" | "llamacpp" | null;
  readonly slots: number;
  /** Names by which callers choose an adapter. */
  readonly adapters: readonly string[];
  readonly readinessPath: string;
  /** For people: the engine's version, how the model lies on the GPUs, and each flag with its reason. */
  readonly explanation: readonly string[];
}

const commands: Readonly<Record<Preset["engine"], (ask: EngineAsk) => EngineCommand>> = {
  vllm: vllmCommand,
  sglang: sglangCommand,
  tgi: tgiCommand,
  trtllm: trtllmCommand,
  llamacpp: llamacppCommand,
};

/** Engines that can spread layers over GPUs one after another. */
const withPipeline: ReadonlySet<Preset["engine"]> = new Set(["vllm", "sglang", "trtllm", "llamacpp"]);

/**
 * Makes the command of an engine from a model's figures and the GPUs that it is to run on.
 *
 * @throws {Fault} `serving.model-incompatible` when the model does not fit or the engine cannot do what is asked; with what would help.
 */
export function renderPreset(preset: Preset, place: PresetPlace): RenderedPreset {
  if (preset.source === "{model_path}" && !place.hasRegisteredModel) {
    throw new Fault(
      "serving.model-incompatible",
      "the preset wants something to load: name it in preset.source, or a registered model in the deployment's model",
    );
  }
  const card = preset.card ?? modelCard(preset.config ?? {});
  const fit = fitOf(preset, card, place);
  const ask: EngineAsk = { preset, card, fit, gpuModel: place.gpuModel, gpus: place.gpus, nodes: place.nodes };
  const { version, program, flags, workerFlags, environment } = commands[preset.engine](ask);
  const command = [...program, ...flags.flatMap((flag) => flag.arguments), ...preset.arguments];
  const isGang = place.nodes > 1 && workerFlags !== undefined;
  return {
    command,
    workerCommand: isGang ? [...command, ...workerFlags.flatMap((flag) => flag.arguments)] : null,
    environment: environment ?? {},
    engine: preset.engine === "tgi" ? null : preset.engine,
    slots: preset.engine === "llamacpp" ? llamacppSlots(ask) : (fit?.maxRequests ?? 1),
    adapters: Object.keys(preset.lora?.adapters ?? {}),
    readinessPath: "/health",
    explanation: explain(version, fit, [...flags, ...(isGang ? workerFlags : [])]),
  };
}

function fitOf(preset: Preset, card: ModelCard, place: PresetPlace): ModelFit | null {
  if (place.gpus === 0) return null;
  if (!Number.isInteger(place.gpus)) {
    throw new Fault("serving.model-incompatible", `a preset wants whole GPUs, found ${place.gpus}; set resources.gpus`);
  }
  const memory = preset.gpuMemory === undefined ? gpuMemory(place.gpuModel ?? "") : parseSize(preset.gpuMemory);
  if (memory === undefined) {
    throw new Fault(
      "serving.model-incompatible",
      `a preset wants to know the memory of one GPU; "${place.gpuModel ?? ""}" is not a model that is known: set preset.gpuMemory, or resources.gpuModel such as H100`,
    );
  }
  return modelFit({
    card,
    weights: preset.quantization ?? card.weights,
    kvBytes: preset.kvCache === "fp8" ? 1 : 2,
    gpus: place.gpus,
    nodes: place.nodes,
    gpuMemory: memory,
    memoryFraction: preset.memoryFraction,
    maxModelLen: preset.maxModelLen ?? null,
    maxRequests: preset.maxRequests ?? null,
    hasPipeline: withPipeline.has(preset.engine),
  });
}

function explain(version: string, fit: ModelFit | null, flags: readonly EngineFlag[]): readonly string[] {
  const place =
    fit === null
      ? []
      : [
          `${(fit.weightBytesPerGpu / 1e9).toFixed(1)} GB of weights on each GPU leave room for ${fit.kvTokens} tokens of cache`,
        ];
  return [`for ${version}`, ...place, ...flags.map((flag) => `${flag.arguments.join(" ")}: ${flag.why}`)];
}
