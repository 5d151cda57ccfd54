import { type Accelerator, peakFlopsOf } from "../catalog/accelerator.ts";
import type { KernelConstants } from "./kernel-constants.ts";
import { rooflineTime } from "./roofline-time.ts";

/** Attention of one layer on one accelerator: heads after tensor parallelism. */
export interface AttentionWork {
  readonly sequences: number;
  /** New tokens a sequence, and tokens it looks back on besides them. */
  readonly newTokens: number;
  readonly pastTokens: number;
  readonly heads: number;
  readonly kvHeads: number;
  /** Features of one key plus one value, halved: 128 for the usual heads. */
  readonly headSize: number;
  /** Bytes of one value of the KV cache. */
  readonly kvBytes: number;
}

/** Query heads of one key/value head that the fast decode kernels serve. */
const groupHeadsMax = 32;
/** Beyond, the measured kernels read the cache again for groups of four heads: 64 heads on one cost 16 times the traffic. */
const slowGroupHeads = 4;

/** Seconds of causal attention over new tokens (prefill) or over one new token each (decode); matrix parts in bf16. */
export function attentionTime(work: AttentionWork, accelerator: Accelerator, constants: KernelConstants): number {
  const seen = work.pastTokens + work.newTokens / 2;
  const touched = work.pastTokens + work.newTokens;
  const group = (work.newTokens * work.heads) / work.kvHeads;
  const padding = Math.max(1, constants.tileRows / group);
  const passes = work.newTokens === 1 && group > groupHeadsMax ? group / slowGroupHeads : 1;
  const values = work.newTokens * 2 * work.heads * 2 + passes * touched * 2 * work.kvHeads * work.kvBytes;
  return rooflineTime(
    {
      flops: padding * 4 * work.sequences * work.newTokens * seen * work.heads * work.headSize,
      bytes: work.sequences * work.headSize * values,
      peakFlops: peakFlopsOf(accelerator, "bf16"),
      bytesPerSecond: accelerator.memoryGbPerSecond * 1e9,
    },
    constants,
  );
}
