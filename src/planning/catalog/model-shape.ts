import { z } from "zod";
import { confidenceSchema } from "./accelerator.ts";

const size = z.int().min(1).max(10_000_000);

const groupedAttention = z.strictObject({
  kind: z.literal("grouped"),
  heads: size,
  kvHeads: size,
  headSize: size,
  /** Tokens that a windowed layer looks back on, and how many layers are windowed. */
  windowTokens: size.optional(),
  windowedLayers: z.int().min(0).optional(),
});

const latentAttention = z.strictObject({
  kind: z.literal("latent"),
  heads: size,
  /** Rank of the query projection; left out where queries are projected directly. */
  queryRank: size.optional(),
  kvRank: size,
  ropeSize: size,
  nopeSize: size,
  valueSize: size,
});

/**
 * The shape of a transformer decoder: all that parameters, FLOPs and KV bytes follow from.
 *
 * Sizes are counts of features; a user's own YAML entry has this shape too.
 */
export const modelShapeSchema = z
  .strictObject({
    name: z.string().min(1).max(160),
    hiddenSize: size,
    layers: size,
    attention: z.discriminatedUnion("kind", [groupedAttention, latentAttention]),
    /** Width of the feed-forward block of dense layers, and whether it is gated (three matrices, not two). */
    feedForwardSize: z.int().min(0),
    isGated: z.boolean(),
    experts: z
      .strictObject({
        count: size,
        perToken: size,
        size,
        /** Experts that every token visits, counted in the size of one expert. */
        shared: z.int().min(0),
        denseLayers: z.int().min(0),
      })
      .optional(),
    vocabulary: size,
    /** Tokens of the longest sequence it was made for, where that was given. */
    contextTokens: size.optional(),
    /** Whether the embedding is also the output projection. */
    isTied: z.boolean(),
    /** Whether its 8-bit weights have a scale for each block of them; left out: what its lineage does. */
    hasBlockScales: z.boolean().optional(),
    /** Whether its experts add biases to their products and clamp what they gate; left out: what its lineage does. */
    hasExpertBiases: z.boolean().optional(),
    confidence: confidenceSchema.default("U"),
    source: z.string().min(1).default("given by the user"),
  })
  .refine((shape) => shape.experts === undefined || shape.experts.perToken <= shape.experts.count, {
    error: "a token cannot visit more experts than there are",
  })
  .refine((shape) => (shape.experts?.denseLayers ?? 0) <= shape.layers, {
    error: "there cannot be more dense layers than layers",
  })
  .refine((shape) => shape.attention.kind !== "grouped" || shape.attention.heads % shape.attention.kvHeads === 0, {
    error: "heads must be a multiple of the key/value heads",
  })
  .readonly();

/** The shape of a transformer decoder. */
export type ModelShape = z.infer<typeof modelShapeSchema>;
