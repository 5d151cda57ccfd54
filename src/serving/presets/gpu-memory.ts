import type { Bytes } from "../../base/units.ts";

const mebibyte = 1024 ** 2;

/**
 * Memory that programs find on GPUs, in MiB as `nvidia-smi` shows it (`memory.total`); from the makers' data sheets where no figure of
 * a device was at hand. Longer names come first: `A100-40` is an A100 too.
 */
const memoryMib: readonly (readonly [RegExp, number])[] = [
  [/A100.*40/i, 40_960],
  [/V100.*16/i, 16_384],
  [/H100.*94|H100.*NVL/i, 95_830],
  [/B200/i, 183_359],
  [/H200/i, 143_771],
  [/H100|H800/i, 81_559],
  [/A100|A800/i, 81_920],
  [/L40S?/i, 46_068],
  [/A40|A6000/i, 46_068],
  [/L4\b/i, 23_034],
  [/A10G?\b/i, 23_028],
  [/4090/i, 24_564],
  [/5090/i, 32_607],
  [/V100/i, 32_768],
  [/T4\b/i, 15_360],
  [/MI300X/i, 196_608],
];

/** The memory of one GPU of a model, or undefined for a model that is not known. */
export function gpuMemory(model: string): Bytes | undefined {
  const found = memoryMib.find(([pattern]) => pattern.test(model));
  return found === undefined ? undefined : found[1] * mebibyte;
}

/** Whether GPUs of this model compute with bfloat16; those before Ampere do not. */
export function hasBfloat16(model: string | null): boolean {
  return model === null || !/T4\b|V100|P100|RTX 20/i.test(model);
}
