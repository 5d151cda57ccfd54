import { type EngineAsk, type EngineCommand, flag, when } from "./engine-flag.ts";
import { hasBfloat16 } from "./gpu-memory.ts";
import { neededFit, refuse } from "./needed-fit.ts";

/** Of the whole length, what is kept for the answer: the longest prompt is that much shorter. */
const answerTokens = 1_024;

/** The command of Hugging Face's Text Generation Inference. */
export function tgiCommand(ask: EngineAsk): EngineCommand {
  const { preset } = ask;
  const fit = neededFit(ask);
  refuse(ask.nodes > 1, "tgi", "several machines", "choose vllm or sglang");
  const kept = Math.min(answerTokens, Math.floor(fit.maxModelLen / 4));
  const adapters = Object.entries(preset.lora?.adapters ?? {});
  return {
    version: "TGI 3.3",
    program: ["text-generation-launcher", "--model-id", preset.source],
    flags: [
      flag("listens where the gateway looks", "--hostname", "{host}", "--port", "{port}"),
      flag("cuts each layer over the GPUs of the machine", "--num-shard", fit.tensorParallel),
      flag("prompt and answer together", "--max-total-tokens", fit.maxModelLen),
      flag("the longest prompt, so that room for an answer is left", "--max-input-tokens", fit.maxModelLen - kept),
      flag("requests at once; more are refused", "--max-concurrent-requests", fit.maxRequests),
      flag("part of each GPU's memory that it may take", "--cuda-memory-fraction", preset.memoryFraction),
      ...when(!hasBfloat16(ask.gpuModel), flag("this GPU has no bfloat16", "--dtype", "float16")),
      ...when(preset.quantization === "fp8", flag("halves the weights while loading", "--quantize", "fp8")),
      ...when(preset.kvCache === "fp8", flag("holds twice as many tokens", "--kv-cache-dtype", "fp8_e4m3fn")),
      ...when(
        adapters.length > 0,
        flag("adapters by name", "--lora-adapters", adapters.map(([name, path]) => `${name}=${path}`).join(",")),
      ),
    ],
    // TGI has no flag for it: since version 3 prompts share their beginnings unless this says otherwise.
    environment: preset.prefixCaching ? {} : { PREFIX_CACHING: "0" },
  };
}
