import * as z from "zod";
import { isWeightOnly, weightFormats, type WeightFormat } from "./accelerator.ts";

/** How engines, quantisers and checkpoints call the formats; lower case, without signs. */
const spellings: readonly (readonly [pattern: RegExp, format: WeightFormat])[] = [
  [/^(?:bf16|bfloat16|fp16|float16|f16|half|16bits?|w16a16)$/, "bf16"],
  [/^(?:mx)?(?:fp8|float8|f8)(?:e4m3(?:fn)?|e5m2|dynamic|block|w8a8)?$|^e4m3(?:fn)?$|^w8a8fp8$/, "fp8"],
  [/^(?:nv|mx)?(?:fp4|float4)$/, "fp4"],
  [/^(?:w8a16|w8a8(?:int8)?|(?:gptq|awq)?(?:u?int8|8bits?)|(?:bnb|bitsandbytes)8bits?|llmint8|q80)$/, "int8"],
  [/^(?:awq|gptq|autoround|marlin|nf4|bnb|bitsandbytes)$/, "int4"],
  [/^(?:w4a16|(?:gptq|awq)?(?:u?int4|4bits?)|(?:bnb|bitsandbytes)(?:4bits?|nf4)|q4(?:0|1|km|ks))$/, "int4"],
];

/** The number format that a spelling of the field names (`AWQ`, `w4a16`, `NVFP4`, `float16`); undefined where it names none. */
export function readWeightFormat(spelling: string): WeightFormat | undefined {
  const plain = spelling.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  return spellings.find(([pattern]) => pattern.test(plain))?.[1];
}

/** The number format that the name of a checkpoint tells, the last that it names (`GPTQ-Int8`); undefined where it tells none. */
export function formatInName(name: string): WeightFormat | undefined {
  const words = name.replace(/^.*\//, "").split(/[^A-Za-z0-9]+/);
  return words.map(readWeightFormat).findLast((format) => format !== undefined);
}

/**
 * Lineages whose makers publish weights under the bare name in fewer than 16 bits: the model cards of DeepSeek-V3 and R1, Kimi-K2, MiniMax-M2 and MiMo-V2
 * (8 bits), gpt-oss (MXFP4), Kimi-K2-Thinking and K2.5 (4 bits, experts alone).
 */
const publishedFormats: readonly (readonly [pattern: RegExp, format: WeightFormat])[] = [
  [/^gpt-?oss/i, "fp4"],
  [/^kimi-k2(?:-thinking|\.5)/i, "int4"],
  [/^(?:deepseek-(?:v3|r1)(?!.*distill)|kimi-k2(?:-instruct|-base|$)|minimax-m2|mimo-v2)/i, "fp8"],
];

/** The number format that a model's makers publish its weights in; undefined where that is the usual one of 16 bits, or not known. */
export function formatAsPublished(name: string): WeightFormat | undefined {
  const bare = name.replace(/^.*\//, "");
  return publishedFormats.find(([pattern]) => pattern.test(bare))?.[1];
}

const quantizedSchema = z.looseObject({
  quantization_config: z.looseObject({
    quant_method: z.string(),
    bits: z.number().nullish(),
    load_in_8bit: z.boolean().nullish(),
    quant_algo: z.string().nullish(),
    config_groups: z
      .record(
        z.string(),
        z.looseObject({ weights: z.looseObject({ num_bits: z.number(), type: z.string() }).nullish() }),
      )
      .nullish(),
  }),
});

/**
 * The number format that the `quantization_config` of a Hugging Face config.json tells: by its groups of layers (compressed-tensors,
 * ModelOpt), its algorithm (ModelOpt), or its method and bits; undefined where it tells none that is known.
 */
export function formatInConfig(config: unknown): WeightFormat | undefined {
  const read = quantizedSchema.safeParse(config);
  if (!read.success) return undefined;
  const stored = read.data.quantization_config;
  const weights = Object.values(stored.config_groups ?? {})[0]?.weights ?? undefined;
  if (weights !== undefined) return readWeightFormat(`${weights.type === "float" ? "fp" : "int"}${weights.num_bits}`);
  const format = formatInName(stored.quant_algo ?? stored.quant_method);
  if (format !== "int4") return format;
  const bits = stored.bits ?? (stored.load_in_8bit === true ? 8 : 4);
  return readWeightFormat(`int${bits}`);
}

const canonical = (value: unknown): unknown => (typeof value === "string" ? (readWeightFormat(value) ?? value) : value);
const found = (input: unknown): string => (typeof input === "string" ? `"${input}"` : String(input));
const known = "bf16 (fp16), fp8, fp4 (nvfp4, mxfp4)";

/** The format of served weights, by any of its names. */
export const servedFormatSchema = z.preprocess(
  canonical,
  z.enum(weightFormats, {
    error: ({ input }) => `write ${known}, int8 (w8a16, w8a8) or int4 (awq, gptq, w4a16), found ${found(input)}`,
  }),
);

/** The format of a training run's products, by any of its names. */
export const trainedFormatSchema = z.preprocess(
  canonical,
  z.enum(["bf16", "fp8", "fp4"], {
    error: ({ input }) => {
      const format = weightFormats.find((each) => each === input);
      return format !== undefined && isWeightOnly(format)
        ? `${format} is a format of weights that are served, products are made in 16 bits; train in bf16, fp8 or fp4`
        : `write ${known}, found ${found(input)}`;
    },
  }),
);

/** What the frozen weights below adapters are kept in, by any of its names. */
export const frozenFormatSchema = z.preprocess(
  canonical,
  z.enum(["int4", "int8"], {
    error: ({ input }) => `write int4 (nf4, as QLoRA keeps them) or int8, found ${found(input)}`,
  }),
);

/** The format of a KV cache, by any of its names. */
export const cacheFormatSchema = z.preprocess(
  canonical,
  z.enum(["bf16", "fp8"], { error: ({ input }) => `write bf16 (fp16) or fp8, found ${found(input)}` }),
);
