import * as z from "zod";
import { frozenFormatSchema, trainedFormatSchema } from "../catalog/format-spelling.ts";

const count = z.int().min(1).max(10_000_000);

/** How a model is trained, whatever it runs on; who asks decides what may be left out. */
export const runFields = {
  precision: trainedFormatSchema.describe("Format of the matrix products; bf16 if absent."),
  sequenceTokens: count.describe("Tokens of one sequence; 4096 if absent."),
  globalSequences: count
    .optional()
    .describe(
      "Sequences of one step; if absent, about 4 million tokens (half a million for adapters, 1,024 a GPU at least).",
    ),
  stack: z
    .enum(["megatron-classic", "megatron-core", "fsdp", "maxtext"])
    .describe("The software that trains; megatron-core if absent."),
  frozenPrecision: frozenFormatSchema
    .optional()
    .describe("What the frozen weights are kept in: int4 (nf4, as QLoRA does) or int8; as precision if absent."),
  isLora: z.boolean().describe("Only adapters are trained: fine-tuning with frozen weights."),
} as const;
