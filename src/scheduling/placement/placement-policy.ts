import type { ChooseGpus } from "./choose-gpus.ts";
import type { NodeCapacity } from "./node-capacity.ts";
import type { TaskShape } from "./task-shape.ts";

/** How a task chooses among the nodes that it fits on: the highest score less charge; ties go by one fixed order. */
export interface PlacementPolicy {
  readonly name: string;
  /** Whether the score of an unchanged node stays the same, so that it may be kept. */
  readonly isRepeatable: boolean;
  /** Higher is better. Asked only about nodes that the task fits on; allocates nothing. */
  readonly score: (node: NodeCapacity, shape: TaskShape) => number;
  readonly chooseGpus: ChooseGpus;
  /** What the policy charges for the use of scarce GPU models; null: nothing. */
  readonly scarcity: ScarcityCharge | null;
}

/** A charge of `price of the node's GPU model × use`, in units of the score. */
export interface ScarcityCharge {
  /** How much of what tasks bound to the node's GPU model could use the task would take, in GPUs for each GPU it asks for, in whole steps. */
  readonly use: (node: NodeCapacity, shape: TaskShape) => number;
  /** Prices the GPU models of a fleet. */
  readonly openMarket: (nodes: readonly NodeCapacity[]) => ScarcityMarket;
}

/** The prices of a fleet's GPU models, kept up to date as nodes change. */
export interface ScarcityMarket {
  /** The price now of the GPU model of this node. */
  readonly priceAt: (node: number) => number;
  /** Must be called after what is left of a node has changed. */
  readonly noteChange: (node: number) => void;
}
