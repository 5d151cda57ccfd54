import type { Node } from "../compute/model.ts"; // breaks: room-order

/** Wider than any node. */
export const spanMax = (nodes: readonly Node[]): number => nodes.length;
