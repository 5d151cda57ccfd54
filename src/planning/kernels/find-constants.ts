import type { Accelerator, AcceleratorFamily } from "../catalog/accelerator.ts";
import { findAccelerator } from "../catalog/find-accelerator.ts";
import { parseTable } from "../catalog/parse-table.ts";
import { hasFastLinks } from "./collective-time.ts";
import { fittedCollectiveTable, fittedKernelTable } from "./fitted-kernels.ts";
import type {
  CollectiveConstants,
  FittedCollective,
  FittedKernel,
  KernelConstants,
  KernelKind,
} from "./kernel-constants.ts";

type Row = Readonly<Record<string, string>>;

const numberOf = (row: Row, column: string): number => Number(row[column]);

const kernels: readonly FittedKernel[] = parseTable(fittedKernelTable).map((row) => ({
  accelerator: row["accelerator"] ?? "",
  kind:
    row["kind"] === "gemm" ? "gemm" : row["kind"] === "prefill-attention" ? "prefill-attention" : "decode-attention",
  precision: row["precision"] ?? "",
  constants: {
    floorUs: numberOf(row, "floorUs"),
    computeEfficiency: numberOf(row, "computeEfficiency"),
    computeHalfGflop: numberOf(row, "computeHalfGflop"),
    memoryEfficiency: numberOf(row, "memoryEfficiency"),
    memoryHalfMb: numberOf(row, "memoryHalfMb"),
    sharpness: numberOf(row, "sharpness"),
    tileRows: numberOf(row, "tileRows"),
  },
}));

const collectives: readonly FittedCollective[] = parseTable(fittedCollectiveTable).map((row) => ({
  accelerator: row["accelerator"] ?? "",
  operation: row["operation"] ?? "",
  gpus: numberOf(row, "gpus"),
  constants: {
    floorUs: numberOf(row, "floorUs"),
    bandwidthFraction: numberOf(row, "bandwidthFraction"),
    sharpness: numberOf(row, "sharpness"),
  },
}));

/** Where constants came from: measured on this accelerator, or taken from a relative. */
export type Provenance =
  | { readonly kind: "measured" }
  | { readonly kind: "family"; readonly from: string }
  | { readonly kind: "roofline"; readonly from: string };

/** Constants with their provenance; anything but `measured` is to be named in the answer. */
export interface FoundConstants<Constants> {
  readonly constants: Constants;
  readonly provenance: Provenance;
}

/** Families whose kernels resemble each other most, the nearest first. */
const relatives: Readonly<Record<AcceleratorFamily, readonly AcceleratorFamily[]>> = {
  ampere: ["ampere", "hopper"],
  ada: ["ampere", "hopper"],
  hopper: ["hopper", "ampere"],
  blackwell: ["blackwell", "hopper"],
  "blackwell-rtx": ["ampere", "blackwell"],
  cdna: ["hopper"],
  gaudi: ["hopper"],
  tpu: ["hopper"],
  trainium: ["hopper"],
  other: ["hopper"],
};

/** Accelerators that something was measured on, looked up once: a search asks for them hundreds of thousands of times. */
const measuredOn: ReadonlyMap<string, Accelerator> = new Map(
  [...kernels, ...collectives].map(({ accelerator }) => [accelerator, findAccelerator(accelerator)]),
);

const measuredAccelerator = (name: string): Accelerator => measuredOn.get(name) ?? findAccelerator(name);

const familyOf = (name: string): AcceleratorFamily => measuredAccelerator(name).family;

/** How far apart two accelerators are: in memory bandwidth and arithmetic rate, as ratios. */
function distanceTo(accelerator: Accelerator, name: string): number {
  const other = measuredAccelerator(name);
  return (
    Math.abs(Math.log(other.memoryGbPerSecond / accelerator.memoryGbPerSecond)) +
    Math.abs(Math.log(other.bf16Tflops / accelerator.bf16Tflops))
  );
}

function nearestOf<Entry extends { readonly accelerator: string }>(
  accelerator: Accelerator,
  entries: readonly Entry[],
): { readonly entry: Entry; readonly provenance: Provenance } | undefined {
  const own = entries.find((each) => each.accelerator === accelerator.name);
  if (own !== undefined) return { entry: own, provenance: { kind: "measured" } };
  for (const family of relatives[accelerator.family]) {
    const [entry] = entries
      .filter((each) => familyOf(each.accelerator) === family)
      .toSorted(
        (left, right) => distanceTo(accelerator, left.accelerator) - distanceTo(accelerator, right.accelerator),
      );
    if (entry === undefined) continue;
    const kind = family === accelerator.family ? "family" : "roofline";
    return { entry, provenance: { kind, from: entry.accelerator } };
  }
  return undefined;
}

const wider: Readonly<Record<string, string>> = { fp4: "fp8", fp8: "bf16" };

/**
 * The constants of a kernel on an accelerator: its own, else those of the nearest accelerator of its family, else those of
 * a related family, as fractions of its own roofline. A number format that was not measured takes the next wider one's.
 *
 * @param without names whose measurements are left out, to test the transfer.
 */
export function findKernelConstants(
  kind: KernelKind,
  accelerator: Accelerator,
  precision: string,
  without: readonly string[] = [],
): FoundConstants<KernelConstants> {
  const entries = kernels.filter(
    (each) => each.kind === kind && each.precision === precision && !without.includes(each.accelerator),
  );
  const nearest = nearestOf(accelerator, entries);
  if (nearest !== undefined) return { constants: nearest.entry.constants, provenance: nearest.provenance };
  const next = wider[precision];
  if (next === undefined) throw new RangeError(`no ${kind} kernel was measured in ${precision} on any accelerator`);
  return findKernelConstants(kind, accelerator, next, without);
}

/** The constants of a collective in one scale-up domain; sizes that were not measured take the nearest one's. */
export function findCollectiveConstants(
  operation: string,
  accelerator: Accelerator,
  gpus: number,
  without: readonly string[] = [],
): FoundConstants<CollectiveConstants> {
  const isFast = hasFastLinks(accelerator, gpus);
  const known = collectives.filter(
    (each) =>
      each.operation === operation &&
      !without.includes(each.accelerator) &&
      hasFastLinks(measuredAccelerator(each.accelerator), each.gpus) === isFast,
  );
  const nearest = nearestOf(accelerator, known);
  if (nearest === undefined) return unmeasuredCollective(operation, accelerator, gpus, without);
  const [entry] = known
    .filter((each) => each.accelerator === nearest.entry.accelerator)
    .toSorted((left, right) => Math.abs(Math.log(left.gpus / gpus)) - Math.abs(Math.log(right.gpus / gpus)));
  return { constants: entry?.constants ?? nearest.entry.constants, provenance: nearest.provenance };
}

/** Without switched links: what one PCIe machine measured for an all-reduce (17 to 20 GB/s bus bandwidth at best). */
const unswitched: CollectiveConstants = { floorUs: 40, bandwidthFraction: 0.6, sharpness: 1 };

function unmeasuredCollective(
  operation: string,
  accelerator: Accelerator,
  gpus: number,
  without: readonly string[],
): FoundConstants<CollectiveConstants> {
  if (!hasFastLinks(accelerator, gpus)) {
    return { constants: unswitched, provenance: { kind: "roofline", from: "Arc-Pro-B60" } };
  }
  if (operation === "all_reduce") throw new RangeError("no all-reduce was measured on any accelerator");
  return findCollectiveConstants("all_reduce", accelerator, gpus, without);
}

/** Half widths of 80 % intervals as logarithms, from residuals: on measured accelerators, and with the accelerator left out. */
const spreads: Readonly<Record<KernelKind | "collective", readonly [number, number]>> = {
  gemm: [0.15, 0.22],
  "prefill-attention": [0.14, 0.26],
  "decode-attention": [0.22, 0.3],
  collective: [0.11, 0.25],
};

/** Half width of the 80 % interval of a kernel's time, as a logarithm; wider when its constants came from a relative. */
export function kernelSpread(kind: KernelKind | "collective", provenance: Provenance): number {
  const [measured, transferred] = spreads[kind];
  return provenance.kind === "measured" ? measured : transferred;
}
