import { type EngineAsk, type EngineCommand, flag, when } from "./engine-flag.ts";
import { refuse } from "./needed-fit.ts";

/** Requests at once and tokens of each, where nothing says otherwise: each slot's cache is taken from the start. */
const slotsDefault = 4;
const contextDefault = 8_192;

/** More layers than any model has: all of them. */
const allLayers = 999;

/** How many requests the server works on at once. */
export function llamacppSlots({ preset, fit }: EngineAsk): number {
  return preset.maxRequests ?? Math.min(slotsDefault, fit?.maxRequests ?? slotsDefault);
}

/** The command of llama.cpp's own server. */
export function llamacppCommand(ask: EngineAsk): EngineCommand {
  const { preset, card, fit } = ask;
  refuse(ask.nodes > 1, "llamacpp", "several machines", "choose vllm or sglang");
  refuse(preset.quantization !== undefined, "llamacpp", "making weights smaller", "load a GGUF file that is smaller");
  refuse(preset.lora !== undefined, "llamacpp", "adapters by name", "choose vllm, sglang or tgi");
  refuse(!preset.prefixCaching, "llamacpp", "prompts that share nothing", "callers say so: cache_prompt: false");
  const slots = llamacppSlots(ask);
  const share = fit === null ? contextDefault : Math.floor(fit.kvTokens / slots);
  const context = preset.maxModelLen ?? Math.min(card.maxContext, contextDefault, share);
  return {
    version: "llama.cpp of 2026",
    program: ["llama-server", "--model", preset.source],
    flags: [
      flag("listens where the gateway looks", "--host", "{host}", "--port", "{port}"),
      flag("answers to the deployment's name", "--alias", "{model}"),
      flag("requests at once", "--parallel", slots),
      flag(`tokens of all slots together: ${context} for each`, "--ctx-size", context * slots),
      fit === null
        ? flag("one thread for each processor", "--threads", "{cpus}")
        : flag("all layers on the GPU", "--n-gpu-layers", allLayers),
      ...when(ask.gpus > 1, flag("layers are spread over the GPUs", "--split-mode", "layer")),
      ...when(
        preset.kvCache === "fp8",
        flag(
          "8 bits for each key and value: llama.cpp has q8_0 for fp8",
          "--cache-type-k",
          "q8_0",
          "--cache-type-v",
          "q8_0",
        ),
      ),
      flag("the gateway reads its load", "--metrics"),
    ],
  };
}
