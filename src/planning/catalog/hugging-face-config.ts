import { z } from "zod";
import { Fault } from "../../base/fault.ts";
import { type ModelShape, modelShapeSchema } from "./model-shape.ts";

const count = z.number().int().nonnegative();
const optional = count.nullish().transform((value) => value ?? undefined);

const configSchema = z.looseObject({
  model_type: z.string().optional(),
  hidden_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: optional,
  head_dim: optional,
  intermediate_size: optional,
  vocab_size: count,
  max_position_embeddings: optional,
  tie_word_embeddings: z.boolean().nullish(),
  hidden_act: z.string().nullish(),
  sliding_window: optional,
  use_sliding_window: z.boolean().nullish(),
  layer_types: z.array(z.string()).nullish(),
  kv_lora_rank: optional,
  q_lora_rank: optional,
  qk_rope_head_dim: optional,
  qk_nope_head_dim: optional,
  v_head_dim: optional,
  num_experts: optional,
  num_local_experts: optional,
  n_routed_experts: optional,
  num_experts_per_tok: optional,
  moe_intermediate_size: optional,
  n_shared_experts: optional,
  first_k_dense_replace: optional,
  quantization_config: z
    .looseObject({ quant_method: z.string().nullish(), weight_block_size: z.unknown().optional() })
    .nullish(),
});

type Config = z.infer<typeof configSchema>;

/** Layer kinds that hold a recurrent state instead of a KV cache; their time does not follow from a shape. */
const recurrent = /mamba|linear|recurrent|ssm|rwkv/i;

function attentionOf(config: Config): ModelShape["attention"] {
  const heads = config.num_attention_heads;
  if (config.kv_lora_rank !== undefined) {
    return {
      kind: "latent",
      heads,
      ...(config.q_lora_rank === undefined ? {} : { queryRank: config.q_lora_rank }),
      kvRank: config.kv_lora_rank,
      ropeSize: config.qk_rope_head_dim ?? 64,
      nopeSize: config.qk_nope_head_dim ?? 128,
      valueSize: config.v_head_dim ?? 128,
    };
  }
  const window = config.use_sliding_window === false ? undefined : config.sliding_window;
  const windowed =
    config.layer_types?.filter((kind) => kind.includes("sliding")).length ??
    (window === undefined ? 0 : config.num_hidden_layers);
  return {
    kind: "grouped",
    heads,
    kvHeads: config.num_key_value_heads ?? heads,
    headSize: config.head_dim ?? Math.floor(config.hidden_size / heads),
    ...(window === undefined || windowed === 0 ? {} : { windowTokens: window, windowedLayers: windowed }),
  };
}

function expertsOf(config: Config): Pick<ModelShape, "experts"> {
  const experts = config.n_routed_experts ?? config.num_experts ?? config.num_local_experts;
  if (experts === undefined || experts <= 1) return {};
  return {
    experts: {
      count: experts,
      perToken: config.num_experts_per_tok ?? 1,
      size: config.moe_intermediate_size ?? config.intermediate_size ?? 0,
      shared: config.n_shared_experts ?? (config.model_type === "llama4_text" ? 1 : 0),
      denseLayers: config.first_k_dense_replace ?? 0,
    },
  };
}

/** What an 8-bit checkpoint says of its scales; nothing where it is not one. */
function scalesOf({ quantization_config: stored }: Config): Pick<ModelShape, "hasBlockScales"> {
  if (!/fp8/i.test(stored?.quant_method ?? "")) return {};
  return { hasBlockScales: Array.isArray(stored?.weight_block_size) };
}

function textConfigOf(value: unknown): unknown {
  const outer = z.looseObject({ text_config: z.unknown() }).safeParse(value);
  return outer.success && outer.data.text_config !== undefined ? outer.data.text_config : value;
}

/**
 * Reads a model's shape from the `config.json` of its Hugging Face repository, as parsed JSON.
 *
 * Understands dense, grouped and latent attention, experts, sliding windows and the `text_config` of a multimodal model
 * (only its text part is planned).
 *
 * @throws {Fault} `planning.model-config-invalid` when a field is missing, or the model has layers that a shape cannot say.
 */
export function readHuggingFaceConfig(name: string, value: unknown): ModelShape {
  const parsed = configSchema.safeParse(textConfigOf(value));
  if (!parsed.success) throw unreadable(name, tellIssues(parsed.error));
  const config = parsed.data;
  const strange = [config.model_type ?? "", ...(config.layer_types ?? [])].find((kind) => recurrent.test(kind));
  if (strange !== undefined) throw unreadable(name, `it has "${strange}" layers, which have no KV cache`);
  const shape = modelShapeSchema.safeParse({
    name,
    hiddenSize: config.hidden_size,
    layers: config.num_hidden_layers,
    attention: attentionOf(config),
    feedForwardSize: config.intermediate_size ?? 4 * config.hidden_size,
    isGated: !(config.hidden_act ?? "silu").startsWith("gelu") || (config.model_type ?? "").startsWith("gemma"),
    ...expertsOf(config),
    vocabulary: config.vocab_size,
    ...(config.max_position_embeddings === undefined ? {} : { contextTokens: config.max_position_embeddings }),
    isTied: config.tie_word_embeddings ?? false,
    ...scalesOf(config),
    ...(config.model_type === "gpt_oss" ? { hasExpertBiases: true } : {}),
    confidence: "U",
    source: "config.json",
  });
  if (!shape.success) throw unreadable(name, tellIssues(shape.error));
  return shape.data;
}

const tellIssues = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => `${path.map(String).join(".") || "the whole"}: ${message}`).join("; ");

function unreadable(name: string, problem: string): Fault {
  return new Fault(
    "planning.model-config-invalid",
    `the config.json of "${name}" gives no shape of a transformer decoder: ${problem}`,
    { details: { path: "modelConfig", name } },
  );
}
