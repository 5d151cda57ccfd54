import { z } from "zod";
import { Fault } from "../../base/fault.ts";
import { acceleratorTable } from "./accelerator-table.ts";
import { type Accelerator, acceleratorSchema } from "./accelerator.ts";
import { parseTable } from "./parse-table.ts";
import { suggestNames } from "./suggest-names.ts";

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

const vendors: ReadonlySet<string> = new Set(["nvidia", "amd", "intel", "google", "aws"]);

/** Longer product names hold the accelerator's own among their words: pairs of words are tried before single ones. */
function findAmongWords(name: string, all: readonly Accelerator[]): Accelerator | undefined {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== "" && !vendors.has(word.toLowerCase()));
  const pairs = words.slice(1).map((word, at) => `${words[at] ?? ""}-${word}`);
  for (const part of [...pairs, ...words]) {
    const wanted = plainName(aliases[plainName(part)] ?? part);
    const found = all.find((each) => plainName(each.name) === wanted);
    if (found !== undefined) return found;
  }
  return undefined;
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
  return lookUp(name, []) !== undefined;
}

function lookUp(name: string, own: readonly Accelerator[]): Accelerator | undefined {
  const asked = plainName(name);
  const wanted = plainName(aliases[asked] ?? name);
  const all = [...own, ...shipped];
  return (
    own.find((each) => plainName(each.name) === asked) ??
    all.find((each) => plainName(each.name) === wanted) ??
    findAmongWords(name, all)
  );
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
  const found = lookUp(name, own);
  if (found !== undefined) return found;
  const alike = suggestNames(
    name,
    [...own, ...shipped].map((each) => each.name),
  );
  throw new Fault(
    "planning.accelerator-unknown",
    `the catalog has no accelerator "${name}"${alike.length === 0 ? "" : ` (alike: ${alike.join(", ")})`}; ` +
      "give its dense TFLOP/s, memory and bandwidths as an entry of your own, and it is planned by roofline",
    { details: { name, alike } },
  );
}

/**
 * Reads a user's own accelerators, as parsed from YAML.
 *
 * @throws {Fault} `planning.catalog-invalid` naming the entry and the field.
 */
export function parseAccelerators(value: unknown): readonly Accelerator[] {
  const parsed = z.array(acceleratorSchema).max(1000).safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
  throw new Fault("planning.catalog-invalid", `the list of accelerators cannot be read: ${problems}`, {
    details: { problems },
  });
}
