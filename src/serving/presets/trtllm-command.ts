import { type EngineAsk, type EngineCommand, flag, when } from "./engine-flag.ts";
import { neededFit, refuse } from "./needed-fit.ts";

const yaml = "write it into a YAML file and name that in arguments: [--extra_llm_api_options, FILE]";

/** The command of TensorRT-LLM's `trtllm-serve`. */
export function trtllmCommand(ask: EngineAsk): EngineCommand {
  const { preset, card } = ask;
  const fit = neededFit(ask);
  refuse(ask.nodes > 1, "trtllm", "several machines", "it wants MPI for them; choose vllm or sglang");
  refuse(preset.kvCache === "fp8", "trtllm", "the cache's format", `${yaml} (kv_cache_config: {dtype: fp8})`);
  refuse(preset.quantization !== undefined, "trtllm", "making weights smaller", "load weights that are fp8 already");
  refuse(preset.lora !== undefined, "trtllm", "adapters", `${yaml} (lora_config)`);
  refuse(
    !preset.prefixCaching,
    "trtllm",
    "prompts that share nothing",
    `${yaml} (kv_cache_config: {enable_block_reuse: false})`,
  );
  return {
    version: "TensorRT-LLM 1.2",
    program: ["trtllm-serve", preset.source],
    flags: [
      flag("listens where the gateway looks", "--host", "{host}", "--port", "{port}"),
      flag("cuts each layer over the GPUs of the machine", "--tp_size", fit.tensorParallel),
      ...when(fit.pipelineParallel > 1, flag("spreads layers one after another", "--pp_size", fit.pipelineParallel)),
      ...when(
        card.experts !== undefined && fit.tensorParallel > 1,
        flag("each GPU holds whole experts instead of slices of all", "--ep_size", fit.tensorParallel),
      ),
      flag("prompt and answer together; longer ones are refused", "--max_seq_len", fit.maxModelLen),
      flag("requests in one batch", "--max_batch_size", fit.maxRequests),
      flag(
        "part of the memory that the weights leave free",
        "--kv_cache_free_gpu_memory_fraction",
        preset.memoryFraction,
      ),
      flag("long prompts do not hold up answers under way", "--enable_chunked_prefill"),
    ],
  };
}
