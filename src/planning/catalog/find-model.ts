import { z } from "zod";
import { Fault } from "../../base/fault.ts";
import { type ModelShape, modelShapeSchema } from "./model-shape.ts";
import { modelTable } from "./model-table.ts";
import { parseTable } from "./parse-table.ts";
import { suggestNames } from "./suggest-names.ts";

type Row = Readonly<Record<string, string>>;

const numberOf = (row: Row, column: string): number => Number(row[column] ?? 0);

function attentionOf(row: Row): ModelShape["attention"] {
  if (row["kvRank"] !== undefined) {
    return {
      kind: "latent",
      heads: numberOf(row, "heads"),
      ...(row["queryRank"] === undefined ? {} : { queryRank: Number(row["queryRank"]) }),
      kvRank: numberOf(row, "kvRank"),
      ropeSize: numberOf(row, "rope"),
      nopeSize: numberOf(row, "nope"),
      valueSize: numberOf(row, "value"),
    };
  }
  return {
    kind: "grouped",
    heads: numberOf(row, "heads"),
    kvHeads: numberOf(row, "kvHeads"),
    headSize: numberOf(row, "headSize"),
    ...(row["window"] === undefined
      ? {}
      : { windowTokens: Number(row["window"]), windowedLayers: numberOf(row, "windowedLayers") }),
  };
}

function expertsOf(row: Row): Pick<ModelShape, "experts"> {
  if (row["experts"] === undefined) return {};
  return {
    experts: {
      count: numberOf(row, "experts"),
      perToken: numberOf(row, "perToken"),
      size: numberOf(row, "expertSize"),
      shared: numberOf(row, "shared"),
      denseLayers: numberOf(row, "denseLayers"),
    },
  };
}

const shipped: readonly ModelShape[] = parseTable(modelTable).map((row) =>
  modelShapeSchema.parse({
    name: row["name"],
    hiddenSize: numberOf(row, "hidden"),
    layers: numberOf(row, "layers"),
    attention: attentionOf(row),
    feedForwardSize: numberOf(row, "feedForward"),
    isGated: row["gated"] === "1",
    ...expertsOf(row),
    vocabulary: numberOf(row, "vocabulary"),
    isTied: row["tied"] === "1",
    confidence: row["confidence"],
    source: row["source"],
  }),
);

/** Spellings of releases that share a shape, after dropping the organisation, number formats and signs. */
const aliases: Readonly<Record<string, string>> = {
  deepseekr1: "DeepSeek-V3",
  deepseekr10528: "DeepSeek-V3",
  deepseekv3wmtp: "DeepSeek-V3",
  deepseekv3womtp: "DeepSeek-V3",
  llama370b: "Llama-3.1-70B",
  llama3370b: "Llama-3.1-70B",
  llama38b: "Llama-3.1-8B",
  llama31405b: "Llama-3.1-405B",
  llama270blora: "Llama-2-70B",
  llama7b: "Llama-2-7B",
  llama13b: "Llama-2-13B",
  llama70b: "Llama-2-70B",
  llama4scout: "Llama-4-Scout-17B-16E",
  llama4maverick: "Llama-4-Maverick-17B-128E",
  kimik2: "Kimi-K2-Instruct",
  gpt3: "GPT-3-175B",
  qwen3627b: "Qwen3.5-27B",
  qwen3635ba3b: "Qwen3.5-35B-A3B",
};

function plainName(name: string): string {
  return name
    .toLowerCase()
    .replace(/^[^(]*\//, "")
    .replace(/\s*\(.*\)$/, (hint) => (hint.includes("mtp") ? hint : ""))
    .replaceAll(/nvfp4|mxfp4|fp8|instruct|meta-/g, "")
    .replaceAll(/[^a-z0-9]/g, "");
}

/** The model shapes that ship with the program. */
export function listModels(): readonly ModelShape[] {
  return shipped;
}

/**
 * Finds a model's shape by name, the user's own entries first. The organisation, number format and `Instruct` do not matter.
 *
 * @throws {Fault} `planning.model-unknown` with the names that look alike.
 */
export function findModel(name: string, own: readonly ModelShape[] = []): ModelShape {
  const asked = plainName(name);
  const wanted = plainName(aliases[asked] ?? name);
  const all = [...own, ...shipped];
  const found =
    own.find((each) => plainName(each.name) === asked) ?? all.find((each) => plainName(each.name) === wanted);
  if (found !== undefined) return found;
  const alike = suggestNames(
    name,
    all.map((each) => each.name),
  );
  throw new Fault(
    "planning.model-unknown",
    `the catalog has no model "${name}"${alike.length === 0 ? "" : ` (alike: ${alike.join(", ")})`}; ` +
      "give its shape, or the config.json of its Hugging Face repository",
    { details: { name, alike } },
  );
}

/**
 * Reads a user's own model shapes, as parsed from YAML.
 *
 * @throws {Fault} `planning.catalog-invalid` naming the entry and the field.
 */
export function parseModels(value: unknown): readonly ModelShape[] {
  const parsed = z.array(modelShapeSchema).max(1000).safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
  throw new Fault("planning.catalog-invalid", `the list of models cannot be read: ${problems}`, {
    details: { problems },
  });
}
