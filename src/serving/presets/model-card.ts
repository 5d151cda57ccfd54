import * as z from "zod";
import { Fault } from "../../base/fault.ts";
import type { ModelCard, WeightFormat } from "./preset-spec.ts";

const count = z.int().min(1);

/** The part of Hugging Face's config.json that says how large a model is; names differ between families. */
const configSchema = z.object({
  num_hidden_layers: count,
  hidden_size: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  intermediate_size: count.nullish(),
  vocab_size: count,
  max_position_embeddings: count,
  tie_word_embeddings: z.boolean().nullish(),
  torch_dtype: z.string().nullish(),
  dtype: z.string().nullish(),
  quantization_config: z.object({ quant_method: z.string(), bits: z.int().nullish() }).nullish(),
  // Mixtures of experts: Mixtral, Qwen and DeepSeek have a name each for the same.
  num_local_experts: count.nullish(),
  num_experts: count.nullish(),
  n_routed_experts: count.nullish(),
  n_shared_experts: z.int().min(0).nullish(),
  moe_intermediate_size: count.nullish(),
  first_k_dense_replace: z.int().min(0).nullish(),
  // Latent attention (MLA): DeepSeek V2 and V3.
  kv_lora_rank: count.nullish(),
  q_lora_rank: count.nullish(),
  qk_rope_head_dim: count.nullish(),
  qk_nope_head_dim: count.nullish(),
  v_head_dim: count.nullish(),
});

type Config = Readonly<z.output<typeof configSchema>>;

/**
 * Reads a model's figures from the content of its config.json; a model that sees pictures has them under `text_config`.
 *
 * The weights are counted from the shapes: within 2 % for the families that the tests name.
 *
 * @throws {Fault} `serving.model-incompatible` when a figure is missing.
 */
export function modelCard(content: Readonly<Record<string, unknown>>): ModelCard {
  const { text_config: inner } = content;
  const found = configSchema.safeParse(
    typeof inner === "object" && inner !== null ? { ...content, ...inner } : content,
  );
  if (!found.success) {
    const [issue] = found.error.issues;
    throw new Fault(
      "serving.model-incompatible",
      `the preset's config wants what config.json of a language model has; "${issue?.path.join(".")}": ${issue?.message}. Give the figures as a card instead`,
    );
  }
  const config = found.data;
  const heads = config.num_attention_heads;
  const experts = expertsOf(config);
  const { kv_lora_rank: rank, qk_rope_head_dim: ropeSize } = config;
  return {
    parameters: parametersOf(config),
    layers: config.num_hidden_layers,
    hiddenSize: config.hidden_size,
    heads,
    kvHeads: config.num_key_value_heads ?? heads,
    headSize: headSizeOf(config),
    maxContext: config.max_position_embeddings,
    weights: weightsOf(config),
    ...(experts === null ? {} : { experts }),
    ...(rank === null || rank === undefined || ropeSize === null || ropeSize === undefined
      ? {}
      : { latent: { rank, ropeSize } }),
  };
}

function headSizeOf(config: Config): number {
  return config.head_dim ?? Math.floor(config.hidden_size / config.num_attention_heads);
}

function expertsOf(config: Config): number | null {
  return config.num_local_experts ?? config.num_experts ?? config.n_routed_experts ?? null;
}

function weightsOf(config: Config): WeightFormat {
  const { quantization_config: quantization } = config;
  switch (quantization?.quant_method) {
    case "fp8":
      return "fp8";
    case "awq":
      return "awq";
    case "gptq":
      return quantization.bits === 8 ? "int8" : "gptq";
    case "mxfp4":
      return "mxfp4";
    case undefined:
      break;
    default:
      throw new Fault(
        "serving.model-incompatible",
        `the config's quantization "${quantization?.quant_method}" is not one of fp8, awq, gptq, mxfp4; give the figures as a card instead`,
      );
  }
  const dtype = config.dtype ?? config.torch_dtype ?? "bfloat16";
  return dtype === "float32" ? "fp32" : dtype === "float16" ? "fp16" : "bf16";
}

function parametersOf(config: Config): number {
  const { hidden_size: width, num_hidden_layers: layers, vocab_size: vocabulary } = config;
  const embeddings = vocabulary * width * (config.tie_word_embeddings === true ? 1 : 2);
  const experts = expertsOf(config);
  const dense = config.intermediate_size ?? 4 * width;
  const denseLayers = experts === null ? layers : Math.min(layers, config.first_k_dense_replace ?? 0);
  const expertWidth = config.moe_intermediate_size ?? dense;
  // A gate, an up and a down projection; the router and the norms are too small to count.
  const perDense = 3 * width * dense;
  const perMixture = 3 * width * expertWidth * ((experts ?? 0) + (config.n_shared_experts ?? 0));
  return embeddings + layers * attentionWeights(config) + denseLayers * perDense + (layers - denseLayers) * perMixture;
}

function attentionWeights(config: Config): number {
  const { hidden_size: width, num_attention_heads: heads, kv_lora_rank: rank, qk_rope_head_dim: rope } = config;
  if (rank === null || rank === undefined || rope === null || rope === undefined) {
    const size = headSizeOf(config);
    return 2 * width * size * (heads + (config.num_key_value_heads ?? heads));
  }
  const nope = config.qk_nope_head_dim ?? 128;
  const value = config.v_head_dim ?? 128;
  const query = config.q_lora_rank;
  const queryWeights =
    query === null || query === undefined
      ? width * heads * (nope + rope)
      : width * query + query * heads * (nope + rope);
  return queryWeights + width * (rank + rope) + rank * heads * (nope + value) + heads * value * width;
}
