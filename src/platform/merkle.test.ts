import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { appendLeaf, emptyFrontier, leafHash, packFrontier, rootOf, unpackFrontier } from "./merkle.ts";

/** The tree hash as RFC 6962 §2.1 defines it, by recursion: slow, and plainly right. */
function definedRoot(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return createHash("sha256").digest();
  if (leaves.length === 1) return only;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return createHash("sha256")
    .update(Buffer.of(1))
    .update(definedRoot(leaves.slice(0, split)))
    .update(definedRoot(leaves.slice(split)))
    .digest();
}

describe("the Merkle frontier", () => {
  test("gives the root that RFC 6962 defines, after every leaf", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 70 }), (entries) => {
        const leaves = entries.map(leafHash);
        const frontier = leaves.reduce(appendLeaf, emptyFrontier);
        expect(rootOf(frontier).toString("hex")).toBe(definedRoot(leaves).toString("hex"));
      }),
    );
  });

  test("survives being packed and read again", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), (size) => {
        let frontier = emptyFrontier;
        for (let index = 0; index < size; index += 1) frontier = appendLeaf(frontier, leafHash(String(index)));
        const read = unpackFrontier(size, packFrontier(frontier));
        expect(rootOf(read).equals(rootOf(frontier))).toBe(true);
      }),
    );
  });

  test("has the known hash of an empty leaf", () => {
    // RFC 6962 reference vector: SHA-256 of one zero byte.
    expect(leafHash("").toString("hex")).toBe("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  });
});
