import { formatFigure } from "../../words/numbers.ts";

/** A number of GPUs: `no GPU`, `1 GPU`, `0.5 GPUs`. */
export function gpuWords(gpus: number): string {
  return gpus === 0 ? "no GPU" : `${formatFigure(gpus)} ${gpus === 1 ? "GPU" : "GPUs"}`;
}
