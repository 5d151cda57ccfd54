import { z } from "zod";
import { Fault } from "../../base/fault.ts";
import { modelAliases } from "./model-aliases.ts";
import { unknownEntry } from "./entry-names.ts";
import { type ModelShape, modelShapeSchema } from "./model-shape.ts";
import { modelParameters } from "./model-size.ts";
import { baseSpellings, modelSpellings, plainModelName } from "./model-spelling.ts";
import { modelTable } from "./model-table.ts";
import { misspelledAmong, slipsBetween } from "./name-typo.ts";
import { parseTable } from "./parse-table.ts";
import { sizeInName } from "./size-in-name.ts";
import { whyUnplannable } from "./unplannable-models.ts";

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

/** Models whose weights differ by less than this factor may be meant for each other. */
const sameSize = 1.25;

/** The model shapes that ship with the program. */
export function listModels(): readonly ModelShape[] {
  return shipped;
}

/** A name as its model is listed, and without what tells its releases apart. */
function keysOf({ name }: ModelShape): readonly string[] {
  return [modelSpellings(name)[0]?.plain ?? name, plainModelName(name)];
}

function indexShipped(): ReadonlyMap<string, ModelShape> {
  const named = new Map(shipped.map((each) => [each.name, each]));
  const full = shipped.map((each) => [keysOf(each)[0] ?? "", each] as const);
  const short = shipped.map((each) => [keysOf(each)[1] ?? "", each] as const);
  const aliased = Object.entries(modelAliases).map(([spelling, name]) => [spelling, named.get(name)] as const);
  const index = new Map<string, ModelShape>();
  for (const [spelling, shape] of [...full, ...aliased, ...short]) {
    if (shape === undefined) throw new RangeError(`the alias ${spelling} stands for no model of the catalog`);
    if (!index.has(spelling)) index.set(spelling, shape);
  }
  return index;
}

const index = indexShipped();

/** A size that a name states is its model's, as much rounded as this. */
const sizeTolerance = 0.05;

function hasStatedSize(name: string, shape: ModelShape): boolean {
  const stated = sizeInName(name)?.total;
  return stated !== undefined && Math.abs(stated / modelParameters(shape).total - 1) <= sizeTolerance;
}

function lookUp(name: string, own: readonly ModelShape[]): ModelShape | undefined {
  const isUnplannable = whyUnplannable(name) !== undefined;
  for (const { plain, isSizeless } of modelSpellings(name)) {
    const mine = own.find((each) => keysOf(each).includes(plain));
    const found = mine ?? (isUnplannable ? undefined : index.get(plain));
    if (found !== undefined && (!isSizeless || hasStatedSize(name, found))) return found;
  }
  if (isUnplannable) return undefined;
  const base = baseSpellings(name).find((spelling) => index.has(spelling));
  return base === undefined ? undefined : index.get(base);
}

/** Whether a spelling names a model of the catalog, or one of the user's own. */
export function isKnownModel(name: string, own: readonly ModelShape[] = []): boolean {
  return lookUp(name, own) !== undefined;
}

/** Letters before the first digit: in fewer another letter is another family (`OPT-13B`, `GPT-13B`). */
const stemLeast = 4;

/**
 * The known name that a spelling likely stands for; undefined where it is no misspelling of any. One digit of the size that
 * differs is a slip as well where the sizes are much the same (`Llama-3.1-9B`); another digit of the version is another release.
 */
export function misspelledModel(name: string, own: readonly ModelShape[] = []): string | undefined {
  const asked = plainModelName(name);
  const mine = own.flatMap((each) => keysOf(each).map((key) => [key, each.name] as const));
  const spellings = [...mine, ...[...index].map(([key, each]) => [key, each.name] as const)];
  const total = sizeInName(name)?.total;
  const slip = spellings.find(([spelling, meant]) => {
    const other = sizeInName(meant)?.total;
    if (total === undefined || other === undefined || total === other) return false;
    return slipsBetween(asked, spelling, 1) === 1 && Math.abs(Math.log(total / other)) < Math.log(sameSize);
  });
  const longEnough = spellings.filter(([spelling]) => (/^[a-z]*/.exec(spelling)?.[0].length ?? 0) >= stemLeast);
  return misspelledAmong(asked, longEnough) ?? slip?.[1];
}

/**
 * Finds a model's shape by name, the user's own entries first. Organisation, number format, purpose (`Instruct`), date
 * and the version behind the size do not matter, and a tuned model is found by the one that its name ends in.
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
  const why = whyUnplannable(name);
  if (why !== undefined) {
    const message = `"${name}" is not planned by its name: ${why}`;
    return new Fault("planning.model-unknown", message, { details: { path: "model", name, alike: [] } });
  }
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
