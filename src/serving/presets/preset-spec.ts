import * as z from "zod";
import { sizePattern } from "../../base/units.ts";

const countSchema = z.int().min(1).max(1_000_000_000);

/** How weights are stored. Formats of four bits count the scales that lie beside them. */
export const weightFormats = ["fp32", "bf16", "fp16", "fp8", "int8", "awq", "gptq", "mxfp4", "q4_k_m", "q8_0"] as const;

/** What one must know of a language model to place it: the same figures as its config.json has, in plain names. */
export const modelCardSchema = z.strictObject({
  parameters: z.number().min(1_000).describe("Weights of the whole model, such as 8.03e9."),
  layers: countSchema.describe("Transformer layers."),
  hiddenSize: countSchema.describe("Width of the model."),
  heads: countSchema.describe("Attention heads."),
  kvHeads: countSchema.describe("Heads whose keys and values are kept; as many as heads without grouping."),
  headSize: countSchema.describe("Width of one head."),
  maxContext: countSchema.describe("Tokens that the model was made for."),
  weights: z.enum(weightFormats).default("bf16").describe("How the weights are stored."),
  experts: countSchema.optional().describe("Experts of each layer of a mixture; absent: a dense model."),
  latent: z
    .strictObject({ rank: countSchema, ropeSize: countSchema })
    .optional()
    .describe("Width of the compressed keys and values, and of the part with positions, with latent attention (MLA)."),
});

export const engineNames = ["vllm", "sglang", "tgi", "trtllm", "llamacpp"] as const;

/** An engine and a model, from which the command that serves it is made. */
export const presetSchema = z
  .strictObject({
    engine: z.enum(engineNames).describe("The engine."),
    source: z
      .string()
      .min(1)
      .max(4_096)
      .default("{model_path}")
      .describe("What the engine loads: a folder, a file or a name on Hugging Face; absent: the registered model."),
    card: modelCardSchema.optional().describe("The model's figures."),
    config: z
      .record(z.string(), z.json())
      .optional()
      .describe("Instead of a card: the content of the model's config.json, from which the figures are read."),
    gpuMemory: z
      .string()
      .regex(sizePattern, "write a size, such as 80GB")
      .optional()
      .describe("Memory of one GPU; absent: what resources.gpuModel is known to have."),
    maxModelLen: countSchema.optional().describe("Tokens of prompt and answer together; absent: as many as fit."),
    maxRequests: z.int().min(1).max(4_096).optional().describe("Requests worked on at once; absent: as many as fit."),
    memoryFraction: z.number().min(0.1).max(0.98).default(0.9).describe("Part of each GPU's memory that it may use."),
    quantization: z.enum(["fp8"]).optional().describe("Make the weights smaller while they are loaded."),
    kvCache: z.enum(["auto", "fp8"]).default("auto").describe("How keys and values are kept; fp8 holds twice as many."),
    prefixCaching: z.boolean().default(true).describe("Whether what two prompts begin with is worked out once."),
    lora: z
      .strictObject({
        adapters: z.record(z.string().min(1).max(128), z.string().min(1).max(4_096)).describe("Path of each, by name."),
        maxRank: z.int().min(1).max(512).default(16).describe("The highest rank among them."),
      })
      .optional()
      .describe("Adapters that callers may choose by name."),
    arguments: z.array(z.string().max(4_096)).max(64).default([]).describe("Further arguments, put at the end."),
  })
  .refine((preset) => (preset.card === undefined) !== (preset.config === undefined), {
    message: "give the model's card or its config, one of the two",
    path: ["card"],
  });

export type ModelCard = Readonly<z.output<typeof modelCardSchema>>;
export type Preset = Readonly<z.output<typeof presetSchema>>;
export type WeightFormat = (typeof weightFormats)[number];
