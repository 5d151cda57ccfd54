import type { NodeMeter } from "./node-meter.ts";
import type { TypicalClass } from "./typical-mix.ts";

/** The classes of a mix that need GPUs and may use one model, as columns. */
interface Columns {
  readonly cpuMillis: Float64Array;
  readonly gpus: Int32Array;
  readonly gpuMillis: Float64Array;
  readonly frequency: Float64Array;
  /** The share of all other classes: to them, whatever is idle on this model is lost. */
  readonly lostFrequency: number;
}

/**
 * The fragmentation metric F of FGD: how much of a node's idle GPUs a mix of typical classes cannot use.
 *
 * For a class that can run on the node, the remainders of GPUs too small for it are lost; for a class that cannot, all
 * that is idle. F is the mean over the classes, weighted by frequency: between 0 and what is idle. Costs classes × GPUs;
 * allocates nothing. Source: Weng et al., "Beware of Fragmentation", USENIX ATC'23, section 3.
 */
export function fragmentationMeter(mix: readonly TypicalClass[]): NodeMeter {
  const columnsByModel = new Map<string, Columns>();
  return (gpuModel, cpuMillis, gpuMillis, offset, count) => {
    let columns = columnsByModel.get(gpuModel);
    if (columns === undefined) {
      columns = toColumns(mix, gpuModel);
      columnsByModel.set(gpuModel, columns);
    }
    let idle = 0;
    for (let gpu = offset; gpu < offset + count; gpu += 1) idle += gpuMillis[gpu] ?? 0;
    let fragmented = idle * columns.lostFrequency;
    for (let index = 0; index < columns.gpus.length; index += 1) {
      const lost =
        cpuMillis < (columns.cpuMillis[index] ?? 0)
          ? idle
          : lostTo(columns.gpus[index] ?? 0, columns.gpuMillis[index] ?? 0, idle, gpuMillis, offset, count);
      fragmented += lost * (columns.frequency[index] ?? 0);
    }
    return Math.min(fragmented, idle);
  };
}

/** What is lost to a class that needs `gpus` GPUs with `needed` thousandths each, on a node with CPUs enough for it. */
function lostTo(
  gpus: number,
  needed: number,
  idle: number,
  gpuMillis: ArrayLike<number>,
  offset: number,
  count: number,
): number {
  let remainders = 0;
  let sufficient = 0;
  for (let gpu = offset; gpu < offset + count; gpu += 1) {
    const left = gpuMillis[gpu] ?? 0;
    if (left >= needed) sufficient += 1;
    else remainders += left;
  }
  return sufficient >= gpus ? remainders : idle;
}

function toColumns(mix: readonly TypicalClass[], gpuModel: string): Columns {
  const able = mix.filter(
    ({ gpus, gpuModels }) => gpus > 0 && (gpuModels.length === 0 || gpuModels.includes(gpuModel)),
  );
  return {
    cpuMillis: Float64Array.from(able, (each) => each.cpuMillis),
    gpus: Int32Array.from(able, (each) => each.gpus),
    gpuMillis: Float64Array.from(able, (each) => each.gpuMillis),
    frequency: Float64Array.from(able, (each) => each.frequency),
    lostFrequency: mix.filter((each) => !able.includes(each)).reduce((sum, each) => sum + each.frequency, 0),
  };
}
