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

/** The kernels that training is planned with: of the accelerator itself, else of its die on another board, else of its family. */
export function trainingKernelsOf(accelerator: Accelerator, precision: Precision): KernelSet {
  return kernelSetOf(accelerator, precision, "bf16", otherDies(accelerator));
}
