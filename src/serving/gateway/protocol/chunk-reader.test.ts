import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AnswerMalformed } from "./answer-head.ts";
import { ChunkReader } from "./chunk-reader.ts";

const encoder = new TextEncoder();

/** Reads a body that comes in these pieces. @returns its data, and how many bytes belonged to it. */
function readAll(pieces: readonly Uint8Array[]): {
  readonly data: string;
  readonly isOver: boolean;
  readonly taken: number;
} {
  const reader = new ChunkReader();
  let data = "";
  let taken = 0;
  for (const piece of pieces) {
    let at = 0;
    while (at < piece.length && !reader.isOver) {
      const start = reader.skip(piece, at, piece.length);
      const stop = Math.min(piece.length, start + reader.dataBytes);
      if (stop > start) reader.take(stop - start);
      data += new TextDecoder("latin1").decode(piece.subarray(start, stop));
      taken += stop - at;
      at = stop;
    }
  }
  return { data, isOver: reader.isOver, taken };
}

const chunk = fc.record({
  text: fc.string({ minLength: 1, maxLength: 40, unit: "binary-ascii" }),
  extension: fc.constantFrom("", ";a", ";a=b;c"),
});

test("the data is the same however the bytes are cut, and nothing beyond the end is read", () => {
  fc.assert(
    fc.property(
      fc.array(chunk, { maxLength: 6 }),
      fc.constantFrom("", "x-trailer: 1\r\n", "a: b\r\nc: d\r\n"),
      fc.array(fc.nat(400), { maxLength: 8 }),
      (chunks, trailers, cuts) => {
        const lines = chunks.map(({ text, extension }) => `${text.length.toString(16)}${extension}\r\n${text}\r\n`);
        const body = encoder.encode(`${lines.join("")}0\r\n${trailers}\r\n`);
        const whole = new Uint8Array([...body, ...encoder.encode("HTTP/1.1 200 OK")]);
        const places = [...new Set([0, ...cuts.filter((cut) => cut < whole.length), whole.length])].sort(
          (a, b) => a - b,
        );
        const pieces = places.slice(1).map((place, index) => whole.subarray(places[index], place));

        const wanted = { data: chunks.map(({ text }) => text).join(""), isOver: true, taken: body.length };
        expect(readAll(pieces)).toEqual(wanted);
        expect(readAll([...whole].map((byte) => Uint8Array.of(byte)))).toEqual(wanted);
      },
    ),
  );
});

describe("a body is refused", () => {
  test.each([
    ["with a size that is none", "zz\r\n"],
    ["without a size", "\r\n"],
    ["with a sign before its size", "+2\r\nok\r\n"],
    ["with a space before its size", " 2\r\nok\r\n"],
    ["with a space after its size", "2 \r\nok\r\n"],
    ["with a prefix", "0x2\r\nok\r\n"],
    ["with a size beyond any", "fffffffff\r\n"],
    ["with a size that overflows", "100000000000000000002\r\nok\r\n"],
    ["with a size that ends by a line feed alone", "2\nok\r\n"],
    ["with a carriage return and something else", "2\r\rok"],
    ["with a line feed in an extension", "2;a\nok\r\n"],
    ["with an endless extension", `2;${"a".repeat(300)}\r\nok\r\n`],
    ["with more data than its size", "2\r\nokay\r\n"],
    ["with data that ends by a line feed alone", "2\r\nok\n0\r\n\r\n"],
    ["with a trailer that ends by a line feed alone", "0\r\na: b\n\r\n"],
    ["with endless trailers", `0\r\n${"a: b\r\n".repeat(4_000)}`],
  ])("%s", (_what, text) => {
    expect(() => readAll([encoder.encode(text)])).toThrow(AnswerMalformed);
  });
});

test("a body that breaks off is not over", () => {
  const body = encoder.encode("2\r\nok\r\n0\r\n\r\n");
  for (let bytes = 0; bytes < body.length; bytes += 1) {
    expect(readAll([body.subarray(0, bytes)]).isOver).toBe(false);
  }
});
