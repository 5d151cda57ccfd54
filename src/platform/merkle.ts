import { createHash } from "node:crypto";

/** Bytes of one hash: SHA-256. */
export const hashBytes = 32;

/** The hash of a leaf: SHA-256 of 0x00 and the entry. Source: RFC 6962 §2.1. */
export function leafHash(entry: string): Buffer {
  return createHash("sha256").update(Buffer.of(0)).update(entry, "utf8").digest();
}

function nodeHash(left: Buffer, right: Buffer): Buffer {
  return createHash("sha256").update(Buffer.of(1)).update(left).update(right).digest();
}

/**
 * The right edge of a Merkle tree: the roots of its perfect subtrees, largest first, one for each set bit of
 * `size`. Enough to add leaves and to give the root, in space and time logarithmic in the size.
 */
export interface Frontier {
  readonly size: number;
  readonly roots: readonly Buffer[];
}

export const emptyFrontier: Frontier = { size: 0, roots: [] };

/** Adds one leaf. */
export function appendLeaf(frontier: Frontier, leaf: Buffer): Frontier {
  const roots = [...frontier.roots];
  let node = leaf;
  for (let carry = frontier.size; carry % 2 === 1; carry = Math.floor(carry / 2)) {
    const left = roots.pop();
    if (left === undefined) throw new Error(`a frontier of ${frontier.size} leaves lacks a subtree`);
    node = nodeHash(left, node);
  }
  roots.push(node);
  return { size: frontier.size + 1, roots };
}

/** The root of the whole tree; of an empty one, the hash of nothing. Source: RFC 6962 §2.1. */
export function rootOf(frontier: Frontier): Buffer {
  const [smallest, ...larger] = frontier.roots.toReversed();
  if (smallest === undefined) return createHash("sha256").digest();
  return larger.reduce((right, left) => nodeHash(left, right), smallest);
}

/** Packs a frontier's hashes, one after the other; the size is kept beside them. */
export function packFrontier(frontier: Frontier): Buffer {
  return Buffer.concat(frontier.roots);
}

/** Reads what `packFrontier` wrote. */
export function unpackFrontier(size: number, packed: Buffer): Frontier {
  const roots: Buffer[] = [];
  for (let offset = 0; offset < packed.length; offset += hashBytes)
    roots.push(packed.subarray(offset, offset + hashBytes));
  return { size, roots };
}
