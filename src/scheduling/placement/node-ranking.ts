import { fitsNode } from "./fits-node.ts";
import type { NodeCapacity } from "./node-capacity.ts";
import type { PlacementPolicy, ScarcityMarket } from "./placement-policy.ts";
import type { TaskShape } from "./task-shape.ts";

/** How many shapes of task keep their scores; the one that came first makes room. */
const shapesMax = 1024;

/** Finds the best node for a task, with scores kept for each shape and renewed only where a node changed. */
export interface NodeRanking {
  /** The index of the best node that the task fits on; -1: it fits on none. Interned shapes share their scores. */
  readonly best: (shape: TaskShape) => number;
  /** Must be called after what is left of a node has changed. */
  readonly noteChange: (node: number) => void;
}

/** The scores of one shape, by node. */
interface ShapeScores {
  /** Minus infinity where the task does not fit. */
  readonly scores: Float64Array;
  readonly scarceUse: Float64Array;
  /** The version of the node that was scored; -1: none. */
  readonly seen: Int32Array;
}

/** Ranks these nodes; of nodes with equal totals the first in the array is the best. Costs one pass over the nodes a task. */
export function nodeRanking(policy: PlacementPolicy, nodes: readonly NodeCapacity[]): NodeRanking {
  const versions = new Int32Array(nodes.length);
  const market = policy.scarcity === null ? null : policy.scarcity.openMarket(nodes);
  const known = new Map<TaskShape, ShapeScores>();

  const renew = (kept: ShapeScores, index: number, shape: TaskShape): void => {
    const node = nodes[index];
    kept.seen[index] = policy.isRepeatable ? (versions[index] ?? 0) : -1;
    const isFitting = node !== undefined && fitsNode(node, shape);
    kept.scores[index] = isFitting ? policy.score(node, shape) : Number.NEGATIVE_INFINITY;
    kept.scarceUse[index] = isFitting && policy.scarcity !== null ? policy.scarcity.use(node, shape) : 0;
  };
  const scoresOf = (shape: TaskShape): ShapeScores => {
    const kept = known.get(shape) ?? blankScores(nodes.length);
    if (!known.has(shape)) {
      for (const oldest of known.size >= shapesMax ? known.keys().take(1) : []) known.delete(oldest);
      known.set(shape, kept);
    }
    for (let index = 0; index < nodes.length; index += 1) {
      if (kept.seen[index] !== versions[index]) renew(kept, index, shape);
    }
    return kept;
  };
  return {
    best: (shape) => {
      const { scores, scarceUse } = scoresOf(shape);
      return market === null ? indexOfMax(scores) : indexOfBest(scores, scarceUse, market);
    },
    noteChange: (node) => {
      versions[node] = ((versions[node] ?? 0) + 1) & 0x7fffffff;
      market?.noteChange(node);
    },
  };
}

function blankScores(count: number): ShapeScores {
  return {
    scores: new Float64Array(count),
    scarceUse: new Float64Array(count),
    seen: new Int32Array(count).fill(-1),
  };
}

function indexOfMax(scores: Float64Array): number {
  let best = -1;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < scores.length; index += 1) {
    const score = scores[index] ?? 0;
    if (score <= bestScore) continue;
    best = index;
    bestScore = score;
  }
  return best;
}

function indexOfBest(scores: Float64Array, scarceUse: Float64Array, market: ScarcityMarket): number {
  let best = -1;
  let bestTotal = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < scores.length; index += 1) {
    const total = (scores[index] ?? 0) - market.priceAt(index) * (scarceUse[index] ?? 0);
    if (total <= bestTotal) continue;
    best = index;
    bestTotal = total;
  }
  return best;
}
