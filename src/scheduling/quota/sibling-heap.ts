import type { TreeNode } from "./quota-tree.ts";

/** Adds a node to its waiting siblings. Cost: log of them. */
export function insertSibling(heap: TreeNode[], node: TreeNode): void {
  heap.push(node);
  rise(heap, node, heap.length - 1);
}

/** Takes a node out of its waiting siblings. Cost: log of them. */
export function removeSibling(heap: TreeNode[], node: TreeNode): void {
  const { place } = node;
  const last = heap.pop();
  node.place = -1;
  if (last === undefined || last === node) return;
  rise(heap, last, place);
  sink(heap, last, last.place);
}

/** Finds the place of a node anew after its score changed. Cost: log of the siblings. */
export function moveSibling(heap: TreeNode[], node: TreeNode): void {
  rise(heap, node, node.place);
  sink(heap, node, node.place);
}

/** Finds every place anew. Cost: linear in the siblings. */
export function orderSiblings(heap: TreeNode[]): void {
  for (let place = (heap.length >> 1) - 1; place >= 0; place -= 1) {
    const node = heap[place];
    if (node !== undefined) sink(heap, node, place);
  }
}

function isBefore(left: TreeNode, right: TreeNode): boolean {
  if (left.isWithinOwn !== right.isWithinOwn) return left.isWithinOwn;
  if (left.score !== right.score) return left.score < right.score;
  return left.ordinal < right.ordinal;
}

function put(heap: TreeNode[], node: TreeNode, place: number): void {
  heap[place] = node;
  node.place = place;
}

function rise(heap: TreeNode[], node: TreeNode, from: number): void {
  let place = from;
  while (place > 0) {
    const above = (place - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || !isBefore(node, parent)) break;
    put(heap, parent, place);
    place = above;
  }
  put(heap, node, place);
}

function sink(heap: TreeNode[], node: TreeNode, from: number): void {
  let place = from;
  for (;;) {
    const left = heap[2 * place + 1];
    const right = heap[2 * place + 2];
    if (left === undefined) break;
    const child = right !== undefined && isBefore(right, left) ? right : left;
    if (!isBefore(child, node)) break;
    const below = child === left ? 2 * place + 1 : 2 * place + 2;
    put(heap, child, place);
    place = below;
  }
  put(heap, node, place);
}
