import fc from "fast-check";
import { expect, test } from "vitest";
import { splitLines } from "./line-files.ts";

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

test("lines are the same however the file comes in pieces, and their places find them again", async () => {
  const line = fc.string({ unit: fc.constantFrom("a", "é", "\r", " "), maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 6 }), fc.integer({ min: 1, max: 9 }), async (lines, size) => {
      const bytes = Buffer.from(lines.map((each) => `${each}\n`).join(""));
      const found = await Array.fromAsync(splitLines(pieces(bytes, size), 100));
      expect(found.map((each) => each.text)).toEqual(lines);
      for (const { text, offset, length } of found) {
        expect(bytes.subarray(offset, offset + length).toString("utf8")).toBe(text);
      }
    }),
  );
});

test("of a line that is too long the beginning is kept and its whole length told; the next one is whole", async () => {
  const bytes = Buffer.from(`${"x".repeat(50)}\nshort`);
  expect(await Array.fromAsync(splitLines(pieces(bytes, 4), 10))).toEqual([
    { text: "x".repeat(10), offset: 0, length: 50 },
    { text: "short", offset: 51, length: 5 },
  ]);
});
