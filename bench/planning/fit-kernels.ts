import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findAccelerator } from "../../src/planning/catalog/find-accelerator.ts";
import { attentionTime } from "../../src/planning/kernels/attention-time.ts";
import { collectiveTime } from "../../src/planning/kernels/collective-time.ts";
import { gemmTime } from "../../src/planning/kernels/gemm-time.ts";
import type {
  CollectiveConstants,
  FittedCollective,
  FittedKernel,
  KernelConstants,
  KernelKind,
} from "../../src/planning/kernels/kernel-constants.ts";
import { attentionRows, collectiveRows, gemmRows } from "./kernel-rows.ts";
import { minimise } from "./minimise.ts";

/** Fits the kernel constants on the measured tables of a folder and writes `fitted-kernels.ts`: `node fit-kernels.ts DIR`. */

const folder = process.argv[2];
if (folder === undefined) {
  process.stderr.write("wanted: node bench/planning/fit-kernels.ts TRUTH_FOLDER\n");
  process.exit(2);
}

const kernelSteps = 1600;
const collectiveSteps = 400;

type Times = (constants: KernelConstants) => readonly number[];

const bounded = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

function kernelFrom(point: readonly number[]): KernelConstants {
  const [floor = 0, compute = 0, half = 0, memory = 0, memoryHalf = 0, sharp = 0, tile = 0] = point.map(Math.exp);
  return {
    floorUs: bounded(floor, 0.1, 40),
    computeEfficiency: bounded(compute, 0.02, 1),
    computeHalfGflop: bounded(half, 0, 100),
    memoryEfficiency: bounded(memory, 0.02, 1),
    memoryHalfMb: bounded(memoryHalf, 0, 100),
    sharpness: bounded(sharp, 0.7, 6),
    tileRows: Math.round(bounded(tile, 1, 128)),
  };
}

function meanError(predicted: readonly number[], measured: readonly number[]): number {
  const sum = predicted.reduce((total, each, at) => total + Math.abs(Math.log(each / (measured[at] ?? each))), 0);
  return sum / predicted.length;
}

function fitKernel(measured: readonly number[], times: Times, start: readonly number[]): KernelConstants {
  const point = minimise((at) => meanError(times(kernelFrom(at)), measured), start.map(Math.log), kernelSteps);
  const fitted = kernelFrom(point);
  process.stderr.write(`  ${(100 * meanError(times(fitted), measured)).toFixed(1)} %\n`);
  return fitted;
}

function fitGemms(): readonly FittedKernel[] {
  return [...Map.groupBy(gemmRows(folder ?? ""), (row) => `${row.accelerator} ${row.precision}`)].flatMap(
    ([name, rows]) => {
      const [first] = rows;
      if (first === undefined) return [];
      process.stderr.write(`gemm ${name} ${rows.length}\n`);
      const accelerator = findAccelerator(first.accelerator);
      const constants = fitKernel(
        rows.map((row) => row.seconds),
        (tried) => rows.map((row) => gemmTime(row.product, accelerator, row.precision, tried)),
        [5, 0.7, 2, 0.8, 1, 3, 32],
      );
      return { accelerator: accelerator.name, kind: "gemm" as KernelKind, precision: first.precision, constants };
    },
  );
}

function fitAttention(): readonly FittedKernel[] {
  const groups = Map.groupBy(attentionRows(folder ?? ""), (row) => `${row.kind} ${row.accelerator} ${row.precision}`);
  return [...groups].flatMap(([name, rows]) => {
    const [first] = rows;
    if (first === undefined) return [];
    process.stderr.write(`${name} ${rows.length}\n`);
    const accelerator = findAccelerator(first.accelerator);
    const constants = fitKernel(
      rows.map((row) => row.seconds),
      (tried) => rows.map((row) => attentionTime(row.work, accelerator, tried)),
      [8, 0.5, 2, 0.7, 1, 2, 8],
    );
    return { accelerator: accelerator.name, kind: first.kind, precision: first.precision, constants };
  });
}

function collectiveFrom(point: readonly number[]): CollectiveConstants {
  const [floorUs = 0, fraction = 0, sharp = 0] = point.map(Math.exp);
  return { floorUs, bandwidthFraction: bounded(fraction, 1e-4, 2), sharpness: bounded(sharp, 0.3, 4) };
}

function fitCollectives(): readonly FittedCollective[] {
  const groups = Map.groupBy(collectiveRows(folder ?? ""), (row) => `${row.operation} ${row.accelerator} ${row.gpus}`);
  return [...groups].flatMap(([name, rows]) => {
    const [first] = rows;
    if (first === undefined) return [];
    const accelerator = findAccelerator(first.accelerator);
    const measured = rows.map((row) => row.seconds);
    const times = (constants: CollectiveConstants): number[] =>
      rows.map((row) => collectiveTime(row.operation, row.gpus, row.bytes, accelerator, constants));
    const point = minimise(
      (at) => meanError(times(collectiveFrom(at)), measured),
      [15, 0.8, 1].map(Math.log),
      collectiveSteps,
    );
    const constants = collectiveFrom(point);
    process.stderr.write(`${name} ${(100 * meanError(times(constants), measured)).toFixed(1)} %\n`);
    return { accelerator: accelerator.name, operation: first.operation.replace(/:$/, ""), gpus: first.gpus, constants };
  });
}

function written(constants: KernelConstants | CollectiveConstants): string {
  return Object.values(constants)
    .map((value: number) => Number(value.toPrecision(4)))
    .join("|");
}

const kernelLines = [...fitGemms(), ...fitAttention()].map(
  (each) => `${each.kind}|${each.accelerator}|${each.precision}|${written(each.constants)}`,
);
const collectiveLines = fitCollectives().map(
  (each) => `${each.operation}|${each.accelerator}|${each.gpus}|${written(each.constants)}`,
);
const text = `/**
 * Generated by \`bench/planning/fit-kernels.ts\`: fitted constants of measured kernels, one a line. Not edited by hand.
 *
 * Measured on silicon, ai-dynamo/aiconfigurator@095f58a aic-core systems/data (Apache-2.0).
 */
export const fittedKernelTable = \`
kind|accelerator|precision|floorUs|computeEfficiency|computeHalfGflop|memoryEfficiency|memoryHalfMb|sharpness|tileRows
${kernelLines.join("\n")}
\`;

/** Collectives within one scale-up domain, from the same source. */
export const fittedCollectiveTable = \`
operation|accelerator|gpus|floorUs|bandwidthFraction|sharpness
${collectiveLines.join("\n")}
\`;
`;
writeFileSync(join(import.meta.dirname, "../../src/planning/kernels/fitted-kernels.ts"), text);
