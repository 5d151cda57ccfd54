import type { NodeGpu } from "./ports.ts";

/** What to ask `nvidia-smi` for, in the order that `parseNvidiaSmi` reads. */
export const nvidiaSmiArguments: readonly string[] = [
  "--query-gpu=index,uuid,name,memory.total",
  "--format=csv,noheader,nounits",
];

const bytesPerMebibyte = 1024 ** 2;

/** Reads the CSV that `nvidia-smi` prints for `nvidiaSmiArguments`; lines that are no GPU are passed over. */
export function parseNvidiaSmi(csv: string): readonly NodeGpu[] {
  return csv.split("\n").flatMap((line) => {
    const [index, uuid, model, memory] = line.split(",").map((cell) => cell.trim());
    if (index === undefined || !/^\d+$/.test(index) || uuid === undefined || uuid === "" || model === undefined)
      return [];
    const mebibytes = Number(memory);
    return [
      {
        index: Number(index),
        model,
        memory: Number.isFinite(mebibytes) ? mebibytes * bytesPerMebibyte : 0,
        simulated: false,
        device: uuid,
      },
    ];
  });
}
