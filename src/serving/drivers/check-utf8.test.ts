import fc from "fast-check";
import { expect, test } from "vitest";
import { checkUtf8 } from "./check-utf8.ts";

function problemOf(bytes: Uint8Array): string | null {
  try {
    checkUtf8(bytes);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

test.each<readonly [string, readonly number[], string]>([
  ["a byte that begins nothing", [0x61, 0xff], "at byte 1 is 0xff"],
  ["a character that is cut off", [0x61, 0x62, 0xc3], "at byte 2 is 0xc3"],
  ["one that is written too long", [0xc0, 0xaf], "at byte 0 is 0xc0"],
  ["half a pair", [0x61, 0xed, 0xa0, 0x80], "at byte 1 is 0xed"],
])("%s is refused with its place", (_what, bytes, place) => {
  expect(problemOf(Uint8Array.from(bytes))).toContain(place);
});

test("a text passes whatever is in it, and with one byte that begins nothing is refused at its place", () => {
  const text = fc.string({ unit: "binary", maxLength: 200 });
  fc.assert(
    fc.property(text, fc.integer({ min: 0, max: 2_000 }), text, (before, repeats, after) => {
      const first = Buffer.from(before.repeat(repeats));
      const last = Buffer.from(after);

      expect(problemOf(Buffer.concat([first, last]))).toBeNull();
      expect(problemOf(Buffer.concat([first, Buffer.from([0xff]), last]))).toContain(
        `at byte ${first.byteLength} is 0xff`,
      );
    }),
    { numRuns: 50 },
  );
});

test("bytes are refused exactly when a strict reader refuses them", () => {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const isText = (bytes: Uint8Array): boolean => {
    try {
      decoder.decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
      const problem = problemOf(bytes);
      const at = Number(/at byte (\d+)/.exec(problem ?? "")?.[1]);

      expect(problem === null).toBe(isText(bytes));
      if (problem !== null) expect(isText(bytes.subarray(0, at))).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
