import { type EngineAsk, type EngineCommand, type EngineFlag, flag, when } from "./engine-flag.ts";
import { hasBfloat16 } from "./gpu-memory.ts";
import { neededFit } from "./needed-fit.ts";

/** Tokens of a prompt that are worked on at once. */
const prefillTokens = 8_192;

/** The command of SGLang's server. */
export function sglangCommand(ask: EngineAsk): EngineCommand {
  const { preset, card } = ask;
  const fit = neededFit(ask);
  return {
    version: "SGLang 0.5.23",
    program: ["python", "-m", "sglang.launch_server", "--model-path", preset.source],
    flags: [
      flag("listens where the gateway looks", "--host", "{host}", "--port", "{port}"),
      flag("answers to the deployment's name", "--served-model-name", "{model}"),
      flag("cuts each layer over the GPUs of a machine", "--tp-size", fit.tensorParallel),
      ...when(fit.pipelineParallel > 1, flag("spreads layers one after another", "--pp-size", fit.pipelineParallel)),
      flag("prompt and answer together; longer ones are refused", "--context-length", fit.maxModelLen),
      flag("part of each GPU's memory for weights and cache", "--mem-fraction-static", preset.memoryFraction),
      flag("requests in one batch", "--max-running-requests", fit.maxRequests),
      flag("long prompts do not hold up answers under way", "--chunked-prefill-size", prefillTokens),
      flag("the gateway reads its load", "--enable-metrics"),
      flag("usage tells the tokens that were there already", "--enable-cache-report"),
      ...when(!hasBfloat16(ask.gpuModel), flag("this GPU has no bfloat16", "--dtype", "half")),
      ...when(preset.quantization === "fp8", flag("halves the weights while loading", "--quantization", "fp8")),
      ...when(preset.kvCache === "fp8", flag("holds twice as many tokens", "--kv-cache-dtype", "fp8_e4m3")),
      ...when(!preset.prefixCaching, flag("prompts are worked out each for itself", "--disable-radix-cache")),
      ...when(
        card.experts !== undefined && fit.tensorParallel > 1,
        flag("each GPU holds whole experts instead of slices of all", "--ep-size", fit.tensorParallel),
      ),
      ...loraFlags(ask),
      ...when(
        ask.nodes > 1,
        flag("machines of the replica", "--nnodes", "{nodes}", "--node-rank", "{rank}"),
        flag("where they meet", "--dist-init-addr", "{master}:{master_port}"),
      ),
    ],
  };
}

function loraFlags({ preset }: EngineAsk): readonly EngineFlag[] {
  const { lora } = preset;
  if (lora === undefined) return [];
  const names = Object.entries(lora.adapters);
  return [
    flag("adapters are applied for each request", "--enable-lora"),
    flag("the highest rank among them", "--max-lora-rank", lora.maxRank),
    flag("adapters in one batch, and the model without any", "--max-loras-per-batch", names.length + 1),
    flag("adapters by name", "--lora-paths", ...names.map(([name, path]) => `${name}=${path}`)),
  ];
}
