import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blockBytes, cacheSalt, hashBlocks } from "./hash-blocks.ts";

const prompt = fc.uint8Array({ minLength: 0, maxLength: 4 * blockBytes + 10 });

describe("hashes of the blocks of a prompt", () => {
  test("a prompt that grows keeps the hashes of its beginning", () => {
    fc.assert(
      fc.property(prompt, prompt, (start, more) => {
        const grown = new Uint8Array([...start, ...more]);

        const before = hashBlocks(start, 7);
        expect(hashBlocks(grown, 7).slice(0, before.length)).toEqual(before);
      }),
    );
  });

  test("one changed byte changes the hash of its block and of all that follow", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1024, maxLength: 1024 }), fc.nat(1023), (bytes, place) => {
        const changed = bytes.with(place, ((bytes[place] ?? 0) + 1) & 255);

        const [one, other] = [hashBlocks(bytes, 7), hashBlocks(changed, 7)];
        const equal = one.map((hash, block) => hash === other[block]);
        expect(equal).toEqual(equal.map((_, block) => block < Math.floor(place / blockBytes)));
      }),
    );
  });

  test("only whole blocks are hashed, and of a very long prompt only the first 512", () => {
    expect(hashBlocks(new Uint8Array(blockBytes - 1), 7)).toEqual([]);
    expect(hashBlocks(new Uint8Array(blockBytes * 3 + 5), 7)).toHaveLength(3);
    expect(hashBlocks(new Uint8Array(blockBytes * 600), 7)).toHaveLength(512);
  });

  test("reads a view of a larger buffer at its place", () => {
    const large = new Uint8Array(2000).map((_, index) => (index * 31) & 255);
    const view = large.subarray(13, 13 + 1024);

    expect(hashBlocks(view, 7)).toEqual(hashBlocks(new Uint8Array(view), 7));
  });

  test("another model, adapter or tenant has other hashes", () => {
    const salts = [
      cacheSalt("llama", null, "team-a"),
      cacheSalt("llama", null, "team-b"),
      cacheSalt("llama", "sql", "team-a"),
      cacheSalt("qwen", null, "team-a"),
      cacheSalt("llamas", null, "qlteam-a"),
    ];
    const hashes = salts.flatMap((salt) => hashBlocks(new Uint8Array(1024), salt));

    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test("100,000 blocks that differ in little have hardly a hash in common", () => {
    const bytes = new Uint8Array(blockBytes);
    const view = new DataView(bytes.buffer);
    const hashes = new Set<number>();
    for (let index = 0; index < 100_000; index += 1) {
      view.setInt32(100, index);
      for (const hash of hashBlocks(bytes, 7)) hashes.add(hash);
    }

    // Of as many random 32-bit numbers one pair is expected to meet.
    expect(hashes.size).toBeGreaterThan(100_000 - 10);
  });
});
