import * as z from "zod";

const weights = z.number().min(1e6).max(1e14);

/** A model by its name in the catalog, by its number of weights, or by the `config.json` of its Hugging Face repository. */
export const modelFields = {
  model: z.string().min(1).max(200).describe("A model of the catalog; with modelConfig only a name to show."),
  parameters: weights.optional().describe("Weights of a model that the catalog lacks: its typical shape is planned."),
  activeParameters: weights.optional().describe("Weights that one token visits, of a model with experts."),
  modelConfig: z.unknown().optional().describe("A Hugging Face config.json of the model, as parsed JSON."),
  ownModels: z
    .unknown()
    .optional()
    .describe("A list of models that the catalog lacks, each with its name and its whole shape."),
} as const;
