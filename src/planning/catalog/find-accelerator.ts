import type { Fault } from "../../base/fault.ts";
import { acceleratorTable } from "./accelerator-table.ts";
import { type Accelerator, acceleratorSchema } from "./accelerator.ts";
import { type EntrySpelling, findEntry, spellingsOf, unknownEntry } from "./entry-names.ts";
import { misspelledAmong } from "./name-typo.ts";
import { parseTable } from "./parse-table.ts";

/** Other spellings, after lower-casing and dropping the vendor, `GB` and signs. */
const aliases: Readonly<Record<string, string>> = {
  h100: "H100-SXM",
  h100sxm80: "H100-SXM",
  h100sxm5: "H100-SXM",
  h100pcie80: "H100-PCIe",
  h100nvl94: "H100-NVL",
  h10096hbm2e500w: "H100-96GB-HBM2e",
  h200: "H200-SXM",
  h20: "H20-SXM",
  h200sxm141: "H200-SXM",
  h200sxm141cts: "H200-SXM",
  h200nvl141: "H200-NVL",
  a100: "A100-SXM-80",
  a100sxm: "A100-SXM-80",
  a100pcie: "A100-PCIE-80",
  b200: "B200-SXM",
  b200sxm180: "B200-SXM",
  b300: "B300-SXM",
  b300sxm270: "B300-SXM",
  v100: "V100-SXM",
  b60: "Arc-Pro-B60",
  b100: "B100-SXM",
  a800: "A800-SXM-80",
  a800sxm: "A800-SXM-80",
  h800: "H800-SXM",
  a6000: "RTX-A6000",
  "3090": "RTX-3090",
  "4090": "RTX-4090",
  "5090": "RTX-5090",
  v5e: "TPUv5e",
  v5p: "TPUv5p",
  v6e: "TPUv6e",
  trillium: "TPUv6e",
  trn2: "Trainium2",
  rtxpro6000: "RTX-PRO-6000-SE",
  rtxpro6000blackwell: "RTX-PRO-6000-SE",
  rtxpro6000blackwellserveredition: "RTX-PRO-6000-SE",
  rtxpro6000server: "RTX-PRO-6000-SE",
};

function plainName(name: string): string {
  return name
    .toLowerCase()
    .replace(/^(?:virtualized )?(?:nvidia|amd|intel|google)[ -]/, "")
    .replaceAll(/(?<=\d)gb\b/g, "")
    .replaceAll(/[^a-z0-9]/g, "");
}

const spelling: EntrySpelling = { plainName, aliases };

/** An accelerator found by a name, and what of the name says something else than it. */
export interface SpelledAccelerator {
  readonly accelerator: Accelerator;
  /** Words that the accelerator does not answer for: a form it does not have, a memory that is not its own. */
  readonly unread: readonly string[];
  /** Memory that the name states, GB, where it is not the accelerator's. */
  readonly memoryGb?: number;
}

/** A memory among the words of a name: `80GB`, `96 G`; `GB200` is none. */
const memoryPattern = /(?<![a-z0-9.])(\d+(?:\.\d+)?)\s?gi?b?(?![a-z0-9])/i;
/** Memories that a name may state, GB. */
const [memoryLeast, memoryMost] = [1, 10_000];
/** Usable and nominal memory differ by up to so much (B200: 180 of 192 GB). */
const memoryTolerance = 0.08;

/** Words of product names that tell nothing about what the product does. */
const idleWord =
  /^(?:nvidia|amd|intel|google|aws|virtualized|tesla|geforce|instinct|radeon|gpus?|accelerator|tensor|core|oam|superchip|grace|hopper|gracehopper|blackwell|ada|lovelace|generation|server|workstation|edition|cts|turbo|nps\d|spx|nvl\d\d|hbm\d?e?|gddr\d?x?|\d+w|x\d+)$/;

const isNear = (one: number, other: number): boolean => Math.abs(one / other - 1) <= memoryTolerance;
const wordsOf = (name: string): readonly string[] => name.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");

/** The memory that a name states, GB; undefined where it states none that can be. */
export function memoryInName(name: string): number | undefined {
  const stated = Number(memoryPattern.exec(name)?.[1]);
  return stated >= memoryLeast && stated <= memoryMost ? stated : undefined;
}

/** The relative of an accelerator with another memory: of its own form first. */
function withMemory(found: Accelerator, memoryGb: number, all: readonly Accelerator[]): Accelerator | undefined {
  const [stem = ""] = wordsOf(found.name);
  const form = found.name.replace(/-\d+$/, "");
  const relatives = all.filter((each) => wordsOf(each.name)[0] === stem && isNear(each.memoryGb, memoryGb));
  return relatives.find((each) => each.name.startsWith(form)) ?? relatives[0];
}

/** Longer product names hold the accelerator's own among their words: three words are tried before two, two before one. */
function findAmongWords(name: string, all: readonly Accelerator[]): SpelledAccelerator | undefined {
  const memoryGb = memoryInName(name);
  const words = wordsOf(memoryGb === undefined ? name : name.replace(memoryPattern, " ")).filter(
    (word) => !/^(?:nvidia|amd|intel|google|aws)$/i.test(word),
  );
  const runs = [3, 2, 1].flatMap((length) => words.slice(length - 1).map((_, at) => words.slice(at, at + length)));
  for (const run of runs) {
    const part = run.join("-");
    const wanted = plainName(aliases[plainName(part)] ?? part);
    const found = all.find((each) => plainName(each.name) === wanted);
    if (found !== undefined) return spell(found, memoryGb, words, all);
  }
  return undefined;
}

function spell(
  found: Accelerator,
  memoryGb: number | undefined,
  words: readonly string[],
  all: readonly Accelerator[],
): SpelledAccelerator {
  const isOwnMemory = memoryGb === undefined || isNear(found.memoryGb, memoryGb);
  const accelerator = isOwnMemory ? found : (withMemory(found, memoryGb, all) ?? found);
  const name = plainName(accelerator.name);
  const unread = words.filter((each) => {
    const word = each.toLowerCase().replace(/^(sxm|pcie)\d$/, "$1");
    return !idleWord.test(word) && !name.includes(word);
  });
  if (memoryGb === undefined || isNear(accelerator.memoryGb, memoryGb)) return { accelerator, unread };
  return { accelerator, unread: [...unread, `${memoryGb} GB`], memoryGb };
}

const numberColumns = new Set(
  "year bf16Tflops fp8Tflops fp4Tflops memoryGb memoryGbPerSecond scaleUpGbPerSecond scaleUpGpus hostGbPerSecond watts".split(
    " ",
  ),
);

function readShipped(): readonly Accelerator[] {
  return parseTable(acceleratorTable).map(({ tf32: _tf32, int8: _int8, ...row }) =>
    acceleratorSchema.parse(
      Object.fromEntries(
        Object.entries(row).map(([column, cell]) => [column, numberColumns.has(column) ? Number(cell) : cell]),
      ),
    ),
  );
}

const shipped = readShipped();

/** The accelerators that ship with the program, in the order of the table. */
export function listAccelerators(): readonly Accelerator[] {
  return shipped;
}

/** Whether a spelling names an accelerator that ships with the program. */
export function isKnownAccelerator(name: string): boolean {
  return spellAccelerator(name) !== undefined;
}

/** Finds an accelerator by its name, an alias, or the words of a longer name; says what of the name it does not answer for. */
export function spellAccelerator(name: string, own: readonly Accelerator[] = []): SpelledAccelerator | undefined {
  const found = findEntry(name, own, shipped, spelling);
  return found === undefined ? findAmongWords(name, [...own, ...shipped]) : { accelerator: found, unread: [] };
}

/** The known name that a spelling likely stands for; undefined where it is no misspelling of any. */
export function misspelledAccelerator(name: string, own: readonly Accelerator[] = []): string | undefined {
  return misspelledAmong(plainName(name), spellingsOf([...own, ...shipped], spelling));
}

/**
 * Finds an accelerator by name; the user's own entries come before the shipped ones.
 *
 * Upper and lower case, signs, the vendor, `80GB` and words around the name do not matter: `h100_sxm`, `H100`,
 * `NVIDIA H100-SXM-80GB`, `AMD Instinct MI325X 256GB HBM3E`.
 *
 * @throws {Fault} `planning.accelerator-unknown` with the names that look alike.
 */
export function findAccelerator(name: string, own: readonly Accelerator[] = []): Accelerator {
  const found = spellAccelerator(name, own)?.accelerator;
  if (found !== undefined) return found;
  throw unknownAccelerator(name, own);
}

/** Nothing can be concluded from a name: what resembles it, and what to give. */
export function unknownAccelerator(name: string, own: readonly Accelerator[] = []): Fault {
  const give =
    "give its dense TFLOP/s, memory and memory bandwidth under ownAccelerators ({name, bf16Tflops, memoryGb, memoryGbPerSecond}), " +
    "or the name of its relative ({name, like}), and it is planned by what is known";
  return unknownEntry("accelerator", name, [...own, ...shipped], misspelledAccelerator(name, own), give);
}
