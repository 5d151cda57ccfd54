import type { NodeMeter } from "./node-meter.ts";

/** How many answers are kept, a power of two; a newer one takes the place of an older one with the same hash. */
const slots = 1 << 16;
/** Nodes with more GPUs than this are measured anew each time. */
const gpusMax = 8;
/** Bits that hold the thousandths of one GPU, 0 to 1000. */
const bitsPerGpu = 10;
/** A key is what the meter looks at: CPUs, the model with the count of GPUs, and two words of four GPUs each. */
const wordsPerKey = 4;

/**
 * The same meter, remembering its answers: fleets have few distinct nodes, so most questions were asked before.
 *
 * Whole keys are compared, never hashes, so the answer is always that of `meter` for the GPUs in ascending order. Holds 2.6
 * MB and never grows. Thousandths must be whole numbers from 0 to 1000; other nodes are measured anew.
 */
export function memoiseMeter(meter: NodeMeter): NodeMeter {
  const keys = new Float64Array(slots * wordsPerKey).fill(-1);
  const answers = new Float64Array(slots);
  const sorted = new Int32Array(gpusMax);
  const models = new Map<string, number>();
  return (gpuModel, cpuMillis, gpuMillis, offset, count) => {
    if (count > gpusMax || !sortInto(sorted, gpuMillis, offset, count)) {
      return meter(gpuModel, cpuMillis, gpuMillis, offset, count);
    }
    let model = models.get(gpuModel);
    if (model === undefined) {
      model = models.size;
      models.set(gpuModel, model);
    }
    const kind = model * (gpusMax + 1) + count;
    const low = pack(sorted, 0, count);
    const high = pack(sorted, gpusMax / 2, count);
    const slot = hash(cpuMillis, kind, low, high);
    const key = slot * wordsPerKey;
    if (keys[key] === cpuMillis && keys[key + 1] === kind && keys[key + 2] === low && keys[key + 3] === high) {
      return answers[slot] ?? 0;
    }
    const answer = meter(gpuModel, cpuMillis, sorted, 0, count);
    keys[key] = cpuMillis;
    keys[key + 1] = kind;
    keys[key + 2] = low;
    keys[key + 3] = high;
    answers[slot] = answer;
    return answer;
  };
}

/** Writes the GPUs in ascending order to `sorted`; false when one is not a whole number from 0 to 1000. */
function sortInto(sorted: Int32Array, gpuMillis: ArrayLike<number>, offset: number, count: number): boolean {
  for (let index = 0; index < count; index += 1) {
    const left = gpuMillis[offset + index] ?? 0;
    if (!(left >= 0 && left < 1 << bitsPerGpu) || left !== Math.trunc(left)) return false;
    let place = index;
    while (place > 0 && (sorted[place - 1] ?? 0) > left) {
      sorted[place] = sorted[place - 1] ?? 0;
      place -= 1;
    }
    sorted[place] = left;
  }
  return true;
}

/** Up to four GPUs from `first` on as one whole number below 2^40. */
function pack(sorted: Int32Array, first: number, count: number): number {
  const end = Math.min(count, first + gpusMax / 2);
  let packed = 0;
  for (let index = first; index < end; index += 1) packed = packed * (1 << bitsPerGpu) + (sorted[index] ?? 0);
  return packed;
}

function hash(cpuMillis: number, kind: number, low: number, high: number): number {
  let mixed = Math.imul(cpuMillis | 0, 0x9e3779b1) ^ Math.imul(kind, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15) ^ low, 0xc2b2ae35) ^ Math.imul((low / 0x1_0000_0000) | 0, 0x27d4eb2f);
  mixed = Math.imul(mixed ^ (mixed >>> 13) ^ high, 0x165667b1) ^ Math.imul((high / 0x1_0000_0000) | 0, 0x9e3779b1);
  return (mixed ^ (mixed >>> 16)) & (slots - 1);
}
