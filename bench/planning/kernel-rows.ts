import type { Precision } from "../../src/planning/catalog/accelerator.ts";
import type { AttentionWork } from "../../src/planning/kernels/attention-time.ts";
import type { MatrixProduct } from "../../src/planning/kernels/gemm-time.ts";
import { numberIn, readTable, type TruthRow } from "./read-table.ts";

const precisions: Readonly<Record<string, Precision>> = {
  bfloat16: "bf16",
  float16: "bf16",
  fp8: "fp8",
  fp8_block: "fp8",
  nvfp4: "fp4",
};

/** One measured matrix product, seconds. */
export interface GemmRow {
  readonly accelerator: string;
  readonly precision: Precision;
  readonly product: MatrixProduct;
  readonly seconds: number;
}

/** One measured attention kernel, seconds. */
export interface AttentionRow {
  readonly accelerator: string;
  readonly kind: "prefill-attention" | "decode-attention";
  readonly precision: Precision;
  readonly work: AttentionWork;
  readonly seconds: number;
}

/** One measured collective, seconds. */
export interface CollectiveRow {
  readonly accelerator: string;
  readonly operation: string;
  readonly gpus: number;
  readonly bytes: number;
  readonly seconds: number;
}

const micro = 1e-6;

function required(row: TruthRow, column: string): number {
  return numberIn(row, column) ?? Number.NaN;
}

/** Rows of a kernel table in a number format that the planner does not know. */
export function rowsInOtherFormats(folder: string, table: "kernel_gemm" | "kernel_attention"): number {
  const column = table === "kernel_gemm" ? "gemm_dtype" : "kv_cache_dtype";
  return readTable(folder, `${table}.csv`).filter((row) => precisions[row[column] ?? ""] === undefined).length;
}

/** The table of matrix products. */
export function gemmRows(folder: string): readonly GemmRow[] {
  return readTable(folder, "kernel_gemm.csv").flatMap((row) => {
    const precision = precisions[row["gemm_dtype"] ?? ""];
    if (precision === undefined) return [];
    return {
      accelerator: row["system"] ?? "",
      precision,
      product: { rows: required(row, "m"), columns: required(row, "n"), inner: required(row, "k") },
      seconds: required(row, "latency_us") * micro,
    };
  });
}

/** The table of attention kernels. */
export function attentionRows(folder: string): readonly AttentionRow[] {
  return readTable(folder, "kernel_attention.csv").flatMap((row) => {
    const precision = precisions[row["kv_cache_dtype"] ?? ""];
    if (precision === undefined) return [];
    const tokens = required(row, "seq_or_kv_len");
    const isPrefill = row["kind"] === "context";
    return {
      accelerator: row["system"] ?? "",
      kind: isPrefill ? ("prefill-attention" as const) : ("decode-attention" as const),
      precision: isPrefill && row["attn_dtype"] !== "fp8" ? "bf16" : precision,
      work: {
        sequences: required(row, "batch_size"),
        newTokens: isPrefill ? tokens : 1,
        pastTokens: isPrefill ? 0 : tokens,
        heads: required(row, "num_heads"),
        kvHeads: required(row, "num_key_value_heads"),
        headSize: required(row, "head_dim"),
        kvBytes: precision === "bf16" ? 2 : 1,
      },
      seconds: required(row, "latency_us") * micro,
    };
  });
}

/** The table of collectives. */
export function collectiveRows(folder: string): readonly CollectiveRow[] {
  return readTable(folder, "kernel_collectives.csv").map((row) => ({
    accelerator: row["system"] ?? "",
    operation: row["op_name"] ?? "",
    gpus: required(row, "num_gpus"),
    bytes: required(row, "bytes"),
    seconds: required(row, "latency_us") * micro,
  }));
}
