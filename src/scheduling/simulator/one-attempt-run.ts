import { Fault } from "../../base/fault.ts";
import { type Random, seededRandom } from "../../base/random.ts";
import type { NodeCapacity } from "../placement/node-capacity.ts";
import { nodeRanking } from "../placement/node-ranking.ts";
import type { PlacementPolicy } from "../placement/placement-policy.ts";
import { taskKindBit } from "../placement/published-policies.ts";
import { type TaskShape, wholeGpuMillis } from "../placement/task-shape.ts";
import { type TypicalWorkload, typicalWorkload } from "../placement/typical-mix.ts";
import { arrivalOrder, shuffle } from "./arrival-order.ts";
import type { OpenbNode, OpenbPod } from "./trace/openb-trace.ts";

/** How much GPU demand arrives, as a multiple of the capacity. */
const demandPerCapacity = 1.3;
/** Keeps the draws of nodes and of the policy apart from those of arrivals under the same seed. */
const nodeSalt = 0x51ed270b;
const policySalt = 0x2545f491;

/** What was left unallocated as work arrived. */
export interface OneAttemptRun {
  /** Tasks that found a place. */
  readonly placed: number;
  readonly arrived: number;
  /** Unallocated GPU in percent of the capacity, by what had arrived in whole percent of it; empty where nothing did. */
  readonly unallocatedPct: readonly (number | undefined)[];
}

/**
 * One run of the ATC'23 protocol: tasks arrive one by one up to 1.3 × the GPU capacity, each has one attempt, none departs.
 *
 * The value at x % is the mean over the arrivals after which x % (rounded) of the capacity had been asked for. The policy knows the
 * typical mix of the trace, the nodes and what was placed before. The same seed gives the same run.
 * Source: Weng et al., "Beware of Fragmentation", USENIX ATC'23, section 6, and its published simulator.
 */
export function oneAttemptRun(
  nodes: readonly OpenbNode[],
  pods: readonly OpenbPod[],
  makePolicy: (workload: TypicalWorkload, random: Random) => PlacementPolicy,
  seed: number,
): OneAttemptRun {
  const fleet = shuffle(nodes, seededRandom(seed ^ nodeSalt)).map(idleNode);
  const capacity = fleet.reduce((sum, node) => sum + node.gpuCount * wholeGpuMillis, 0);
  if (capacity === 0) {
    throw new Fault(
      "scheduling.trace-invalid",
      "the node list has no GPUs, and the protocol fills GPUs: give one with some",
    );
  }
  const policy = makePolicy(typicalWorkload(pods), seededRandom(seed ^ policySalt));
  const ranking = nodeRanking(policy, fleet);
  const chosen = new Int32Array(Math.max(1, ...pods.map((pod) => pod.gpus)));
  const curve = new AllocationCurve(capacity);
  let placed = 0;
  const order = arrivalOrder(internShapes(pods), capacity * demandPerCapacity, seededRandom(seed));
  for (const { shape } of order) {
    const index = ranking.best(shape);
    const node = fleet[index];
    if (node !== undefined) {
      occupy(node, shape, chosen, policy.chooseGpus(node, shape, chosen));
      ranking.noteChange(index);
      placed += 1;
    }
    curve.note(shape.gpus * shape.gpuMillis, node !== undefined);
  }
  return { placed, arrived: order.length, unallocatedPct: curve.means() };
}

/** A node whose owner is the run. */
type RunNode = { -readonly [Key in keyof NodeCapacity]: NodeCapacity[Key] } & { readonly gpuMillis: Int32Array };

function idleNode(node: OpenbNode): RunNode {
  return {
    gpuModel: node.gpuModel,
    cpuMillis: node.cpuMillis,
    memory: node.memory,
    gpuMillis: new Int32Array(node.gpus).fill(wholeGpuMillis),
    gpuOffset: 0,
    gpuCount: node.gpus,
    taskKinds: 0,
  };
}

function occupy(node: RunNode, shape: TaskShape, chosen: Int32Array, count: number): void {
  if (count !== shape.gpus) throw new RangeError(`a policy chose ${count} GPUs for a task that needs ${shape.gpus}`);
  for (let index = 0; index < count; index += 1) {
    const gpu = chosen[index] ?? 0;
    node.gpuMillis[gpu] = (node.gpuMillis[gpu] ?? 0) - shape.gpuMillis;
  }
  node.cpuMillis -= shape.cpuMillis;
  node.memory -= shape.memory;
  node.taskKinds |= taskKindBit(shape);
}

/** A pod and the one object that stands for its shape, so that pods of one shape share their scores. */
interface ShapedPod extends OpenbPod {
  readonly shape: TaskShape;
}

function internShapes(pods: readonly OpenbPod[]): readonly ShapedPod[] {
  const shapes = new Map<string, TaskShape>();
  return pods.map((pod) => {
    const key = `${pod.cpuMillis}/${pod.memory}/${pod.gpus}/${pod.gpuMillis}/${pod.gpuModels.join("|")}`;
    const shape = shapes.get(key) ?? pod;
    shapes.set(key, shape);
    return { ...pod, shape };
  });
}

/** Adds up what is unallocated by percent of arrived demand. */
class AllocationCurve {
  readonly #capacity: number;
  readonly #sums: number[] = [];
  readonly #counts: number[] = [];
  #arrived = 0;
  #used = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  note(millis: number, isPlaced: boolean): void {
    this.#arrived += millis;
    if (isPlaced) this.#used += millis;
    const percent = Math.round((100 * this.#arrived) / this.#capacity);
    this.#sums[percent] = (this.#sums[percent] ?? 0) + 100 - (100 * this.#used) / this.#capacity;
    this.#counts[percent] = (this.#counts[percent] ?? 0) + 1;
  }

  means(): readonly (number | undefined)[] {
    return Array.from(this.#counts, (count, percent) =>
      count === undefined ? undefined : (this.#sums[percent] ?? 0) / count,
    );
  }
}
