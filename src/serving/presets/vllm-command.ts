import { type EngineAsk, type EngineCommand, type EngineFlag, flag, when } from "./engine-flag.ts";
import { hasBfloat16 } from "./gpu-memory.ts";
import { neededFit } from "./needed-fit.ts";

/** Ranks that vLLM has kernels for. */
const loraRanks: readonly number[] = [8, 16, 32, 64, 128, 256, 320, 512];

/** The command of vLLM's OpenAI server. */
export function vllmCommand(ask: EngineAsk): EngineCommand {
  const { preset, card } = ask;
  const fit = neededFit(ask);
  const isSpread = ask.gpus * ask.nodes > 1;
  return {
    version: "vLLM 0.33",
    program: ["vllm", "serve", preset.source],
    flags: [
      flag("listens where the gateway looks", "--host", "{host}", "--port", "{port}"),
      flag("answers to the deployment's name", "--served-model-name", "{model}"),
      flag("cuts each layer over the GPUs of a machine", "--tensor-parallel-size", fit.tensorParallel),
      ...when(
        fit.pipelineParallel > 1,
        flag("spreads layers one after another", "--pipeline-parallel-size", fit.pipelineParallel),
      ),
      flag("prompt and answer together; longer ones are refused", "--max-model-len", fit.maxModelLen),
      flag("part of each GPU's memory that it may take", "--gpu-memory-utilization", preset.memoryFraction),
      flag("requests in one batch", "--max-num-seqs", fit.maxRequests),
      ...when(!hasBfloat16(ask.gpuModel), flag("this GPU has no bfloat16", "--dtype", "half")),
      ...when(preset.quantization === "fp8", flag("halves the weights while loading", "--quantization", "fp8")),
      ...when(preset.kvCache === "fp8", flag("holds twice as many tokens", "--kv-cache-dtype", "fp8")),
      preset.prefixCaching
        ? flag("what prompts share is worked out once", "--enable-prefix-caching")
        : flag("prompts are worked out each for itself", "--no-enable-prefix-caching"),
      flag("long prompts do not hold up answers under way", "--enable-chunked-prefill"),
      ...when(
        card.experts !== undefined && isSpread,
        flag("each GPU holds whole experts instead of slices of all", "--enable-expert-parallel"),
      ),
      ...loraFlags(ask),
      ...nodeFlags(ask),
    ],
    workerFlags: [flag("machines behind the first take no requests", "--headless")],
  };
}

function loraFlags({ preset }: EngineAsk): readonly EngineFlag[] {
  const { lora } = preset;
  if (lora === undefined) return [];
  const names = Object.entries(lora.adapters);
  const rank = loraRanks.find((each) => each >= lora.maxRank) ?? lora.maxRank;
  return [
    flag("adapters are applied for each request", "--enable-lora"),
    flag("the highest rank among them, as vLLM knows ranks", "--max-lora-rank", rank),
    flag("adapters in one batch", "--max-loras", Math.max(1, names.length)),
    flag("adapters by name", "--lora-modules", ...names.map(([name, path]) => `${name}=${path}`)),
  ];
}

function nodeFlags({ nodes }: EngineAsk): readonly EngineFlag[] {
  return when(
    nodes > 1,
    flag("machines of the replica", "--nnodes", "{nodes}", "--node-rank", "{rank}"),
    flag("where they meet", "--master-addr", "{master}", "--master-port", "{master_port}"),
  );
}
