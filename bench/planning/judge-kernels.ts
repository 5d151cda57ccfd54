import type { Accelerator } from "../../src/planning/catalog/accelerator.ts";
import { findAccelerator } from "../../src/planning/catalog/find-accelerator.ts";
import { attentionTime } from "../../src/planning/kernels/attention-time.ts";
import { collectiveTime } from "../../src/planning/kernels/collective-time.ts";
import {
  findCollectiveConstants,
  findKernelConstants,
  kernelSpread,
  type Provenance,
} from "../../src/planning/kernels/find-constants.ts";
import { gemmTime } from "../../src/planning/kernels/gemm-time.ts";
import type { KernelKind } from "../../src/planning/kernels/kernel-constants.ts";
import { attentionRows, collectiveRows, gemmRows, rowsInOtherFormats } from "./kernel-rows.ts";
import { type Exclusions, type Judged, type Score, scoreRows } from "./score.ts";

interface Found {
  readonly predicted: number;
  readonly provenance: Provenance;
}

function knownAccelerator(name: string): Accelerator | undefined {
  try {
    return findAccelerator(name);
  } catch {
    return undefined;
  }
}

interface Kernel {
  readonly accelerator: string;
  readonly seconds: number;
}

function judge<Row extends Kernel>(
  table: string,
  kind: KernelKind | "collective",
  rows: readonly Row[],
  predict: (row: Row, accelerator: Accelerator, without: readonly string[]) => Found,
  otherFormats = 0,
): readonly Score[] {
  const excluded: Record<string, number> = otherFormats === 0 ? {} : { "number format not planned": otherFormats };
  const judgeAll = (isLeftOut: boolean): readonly Judged[] =>
    rows.flatMap((row, at) => {
      const accelerator = knownAccelerator(row.accelerator);
      if (accelerator === undefined) {
        if (!isLeftOut)
          excluded["accelerator not in the catalog"] = (excluded["accelerator not in the catalog"] ?? 0) + 1;
        return [];
      }
      const { predicted, provenance } = predict(row, accelerator, isLeftOut ? [accelerator.name] : []);
      const spread = kernelSpread(kind, provenance);
      const [low, high] = [predicted * Math.exp(-spread), predicted * Math.exp(spread)];
      return { id: `${table} ${at}`, measured: row.seconds, predicted, low, high };
    });
  const none: Exclusions = {};
  const seen = scoreRows(table, "time", judgeAll(false), excluded, true);
  return [seen, scoreRows(table, "time, its accelerator left out", judgeAll(true), none, true)];
}

/** Scores matrix products, attention and collectives, each also with the row's accelerator left out of the constants. */
export function judgeKernels(folder: string): readonly Score[] {
  return [
    ...judge(
      "kernel_gemm",
      "gemm",
      gemmRows(folder),
      (row, accelerator, without) => {
        const { constants, provenance } = findKernelConstants("gemm", accelerator, row.precision, without);
        return { predicted: gemmTime(row.product, accelerator, row.precision, constants), provenance };
      },
      rowsInOtherFormats(folder, "kernel_gemm"),
    ),
    ...(["prefill-attention", "decode-attention"] as const).flatMap((kind) =>
      judge(
        `kernel_attention (${kind === "prefill-attention" ? "prefill" : "decode"})`,
        kind,
        attentionRows(folder).filter((row) => row.kind === kind),
        (row, accelerator, without) => {
          const { constants, provenance } = findKernelConstants(kind, accelerator, row.precision, without);
          return { predicted: attentionTime(row.work, accelerator, constants), provenance };
        },
      ),
    ),
    ...judge("kernel_collectives", "collective", collectiveRows(folder), (row, accelerator, without) => {
      const operation = row.operation.replace(/:$/, "");
      const { constants, provenance } = findCollectiveConstants(operation, accelerator, row.gpus, without);
      return { predicted: collectiveTime(row.operation, row.gpus, row.bytes, accelerator, constants), provenance };
    }),
  ];
}
