import type { PoolSnapshot, QueueDecisions } from "../compute/ports.ts";

/** Decides who of a pool's queue gets which place. Pure: the same snapshot gives the same decisions. */
export type PlacementPolicy = (snapshot: PoolSnapshot) => QueueDecisions;
