import type { Accelerator, Precision } from "../catalog/accelerator.ts";
import { listAccelerators } from "../catalog/find-accelerator.ts";
import { type KernelSet, kernelSetOf } from "../kernels/kernel-set.ts";

/** Ratio of number formats' rates below which two accelerators of a family are taken for one die. */
const sameDie = 0.1;

/** Rate in fp4 over that in bf16: it changed with the die (Blackwell 4, Blackwell Ultra 6), not with the board. */
const formatRatio = ({ fp4Tflops = 0, bf16Tflops }: Accelerator): number => 1 + fp4Tflops / bf16Tflops;

/** Accelerators of the same family with another die, whose kernels say less than those of the same die on another board. */
function otherDies(accelerator: Accelerator): readonly string[] {
  return listAccelerators()
    .filter((each) => each.family === accelerator.family)
    .filter((each) => Math.abs(Math.log(formatRatio(each) / formatRatio(accelerator))) > sameDie)
    .map((each) => each.name);
}

/**
 * The best share of the dense bf16 rate that any product was seen to reach, over that of H100-SXM (0.803).
 *
 * Where no kernel table exists, the table of another maker's chip is scaled by it. Source: stas00/ml-engineering@744d01e
 * compute/accelerator/README.md, measured; MI355X against the rate of the catalog.
 */
const reachedShares: Readonly<Record<string, number>> = {
  MI300X: 0.514 / 0.803,
  MI325X: 0.604 / 0.803,
  MI355X: 0.622 / 0.803,
  Gaudi3: 0.741 / 0.803,
};

/** The kernels that training is planned with: of the accelerator itself, else of its die on another board, else of its family. */
export function trainingKernelsOf(accelerator: Accelerator, precision: Precision): KernelSet {
  const kernels = kernelSetOf(accelerator, precision, "bf16", otherDies(accelerator));
  const share = reachedShares[accelerator.name];
  if (share === undefined) return kernels;
  const scaled = <Constants extends { readonly computeEfficiency: number }>(constants: Constants): Constants => ({
    ...constants,
    computeEfficiency: constants.computeEfficiency * share,
  });
  return { ...kernels, gemm: scaled(kernels.gemm), prefillAttention: scaled(kernels.prefillAttention) };
}
