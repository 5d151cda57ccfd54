import type { TaskShape } from "./task-shape.ts";

/** One class of the typical mix: what such a task needs (memory left out) and how frequent it is. */
export interface TypicalClass extends Omit<TaskShape, "memory"> {
  /** The share of the class in the mix; the shares of a mix add up to 1. */
  readonly frequency: number;
}

/** What a placement policy knows of the work to come. */
export interface TypicalWorkload {
  readonly classes: readonly TypicalClass[];
  /** The classes of the same requests as if every task could use every GPU model. */
  readonly classesOfAnyModel: readonly TypicalClass[];
}

/** The share of all requests that the classes of a mix must stand for. */
const coverageMin = 0.95;

/**
 * The most frequent classes of task that together make up at least 95 % of the requests, their shares brought to 1.
 *
 * Lists of GPU models are compared as written, so give each list in one form. Of classes with equal counts the larger
 * ones are taken (CPUs, then GPUs, then their thousandths, then models), whatever the order of the requests: which of
 * them fall off the end moves FGD by half a point on traces with model constraints, and this order is the one that
 * agrees with the published runs. Source: Weng et al., "Beware of Fragmentation", USENIX ATC'23, section 4.
 */
export function typicalMix(requests: Iterable<TaskShape>): readonly TypicalClass[] {
  const counts = new Map<string, { readonly shape: TaskShape; count: number }>();
  let total = 0;
  for (const shape of requests) {
    const key = `${shape.cpuMillis}/${shape.gpus}/${shape.gpuMillis}/${shape.gpuModels.join("|")}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { shape, count: 1 });
    else known.count += 1;
    total += 1;
  }
  const ordered = [...counts.values()].sort(
    (left, right) => right.count - left.count || compareSize(right.shape, left.shape),
  );
  const taken: typeof ordered = [];
  let covered = 0;
  for (const each of ordered) {
    if (covered >= coverageMin * total) break;
    taken.push(each);
    covered += each.count;
  }
  return taken.map(({ shape: { cpuMillis, gpus, gpuMillis, gpuModels }, count }) => ({
    cpuMillis,
    gpus,
    gpuMillis,
    gpuModels,
    frequency: count / covered,
  }));
}

/** The typical mix of these requests, with and without their GPU models. */
export function typicalWorkload(requests: readonly TaskShape[]): TypicalWorkload {
  return {
    classes: typicalMix(requests),
    classesOfAnyModel: typicalMix(requests.map((shape) => ({ ...shape, gpuModels: [] }))),
  };
}

function compareSize(left: TaskShape, right: TaskShape): number {
  return (
    left.cpuMillis - right.cpuMillis ||
    left.gpus - right.gpus ||
    left.gpuMillis - right.gpuMillis ||
    compareText(left.gpuModels.join("|"), right.gpuModels.join("|"))
  );
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
