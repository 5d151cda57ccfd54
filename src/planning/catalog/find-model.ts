import { z } from "zod";
import { Fault } from "../../base/fault.ts";
import { type EntrySpelling, findEntry, spellingsOf, unknownEntry } from "./entry-names.ts";
import { type ModelShape, modelShapeSchema } from "./model-shape.ts";
import { modelTable } from "./model-table.ts";
import { misspelledAmong, slipsBetween } from "./name-typo.ts";
import { parseTable } from "./parse-table.ts";
import { sizeInName } from "./size-in-name.ts";

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

const spelling: EntrySpelling = { plainName, aliases };

/** Models whose weights differ by less than this factor may be meant for each other. */
const sameSize = 1.25;

/** The model shapes that ship with the program. */
export function listModels(): readonly ModelShape[] {
  return shipped;
}

function lookUp(name: string, own: readonly ModelShape[]): ModelShape | undefined {
  return findEntry(name, own, shipped, spelling);
}

/** Whether a spelling names a model of the catalog, or one of the user's own. */
export function isKnownModel(name: string, own: readonly ModelShape[] = []): boolean {
  return lookUp(name, own) !== undefined;
}

/**
 * The known name that a spelling likely stands for; undefined where it is no misspelling of any. One digit that differs
 * is a slip as well where the sizes are much the same (`Llama-3.1-9B`).
 */
export function misspelledModel(name: string, own: readonly ModelShape[] = []): string | undefined {
  const asked = plainName(name);
  const spellings = spellingsOf([...own, ...shipped], spelling);
  const total = sizeInName(name)?.total;
  const slip = spellings.find(([known, meant]) => {
    const other = sizeInName(meant)?.total;
    if (total === undefined || other === undefined || slipsBetween(asked, known, 1) !== 1) return false;
    return Math.abs(Math.log(total / other)) < Math.log(sameSize);
  });
  return misspelledAmong(asked, spellings) ?? slip?.[1];
}

/**
 * Finds a model's shape by name, the user's own entries first. The organisation, number format and `Instruct` do not matter.
 *
 * @throws {Fault} `planning.model-unknown` with the names that look alike.
 */
export function findModel(name: string, own: readonly ModelShape[] = []): ModelShape {
  const found = lookUp(name, own);
  if (found !== undefined) return found;
  throw unknownModel(name, own);
}

/** Nothing can be concluded from a name: what resembles it, and what to give. */
export function unknownModel(name: string, own: readonly ModelShape[] = []): Fault {
  const give =
    "give the config.json of its Hugging Face repository, its shape under ownModels, or its number of weights as parameters " +
    "(and activeParameters, with experts), and the typical shape of that size is planned";
  return unknownEntry("model", name, [...own, ...shipped], misspelledModel(name, own), give);
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
    details: { problems, path: ["ownModels", ...(parsed.error.issues[0]?.path ?? [])].map(String).join(".") },
  });
}
