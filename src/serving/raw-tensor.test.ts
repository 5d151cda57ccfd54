import fc from "fast-check";
import { expect, test } from "vitest";
import { readRawTensor, writeRawTensor } from "./raw-tensor.ts";
import type { Datatype, Element } from "./tensor.ts";

const elements: Readonly<Record<Datatype, fc.Arbitrary<Element>>> = {
  BOOL: fc.boolean(),
  UINT8: fc.nat(255),
  UINT16: fc.nat(65_535),
  UINT32: fc.nat(4_294_967_295),
  UINT64: fc.maxSafeNat(),
  INT8: fc.integer({ min: -128, max: 127 }),
  INT16: fc.integer({ min: -32_768, max: 32_767 }),
  INT32: fc.integer(),
  INT64: fc.maxSafeInteger(),
  FP16: fc.constantFrom(0, 1, -2.5, 65_504, Number.POSITIVE_INFINITY),
  FP32: fc.float({ noNaN: true }),
  FP64: fc.double({ noNaN: true }),
  BYTES: fc.string({ unit: "grapheme" }),
};

test.each(Object.entries(elements))("tensors of %s survive as raw bytes", (datatype, element) => {
  fc.assert(
    fc.property(fc.array(element, { minLength: 1, maxLength: 20 }), (data) => {
      const head = { name: "x", datatype: datatype as Datatype, shape: [data.length] };
      const bytes = writeRawTensor({ ...head, data });

      expect(Array.from(readRawTensor(head, bytes).data)).toEqual(data);
    }),
  );
});

test("bytes that are too few or too many are refused with what was wanted", () => {
  const head = { name: "x", datatype: "INT32", shape: [2] } as const;
  expect(() => readRawTensor(head, new Uint8Array(7))).toThrow(/wants 8 raw bytes, found 7/);
  const texts = { name: "t", datatype: "BYTES", shape: [2] } as const;
  expect(() => readRawTensor(texts, Uint8Array.of(1, 0, 0, 0, 97, 9, 0, 0, 0))).toThrow(/wants 2 texts, found 1/);
  expect(() => readRawTensor(texts, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 7))).toThrow(/wants 8 raw bytes, found 9/);
});

test("an integer of more than 53 bits is refused, not rounded", () => {
  const head = { name: "x", datatype: "INT64", shape: [1] } as const;
  expect(() => readRawTensor(head, new Uint8Array(8).fill(127))).toThrow(/at most 53 bits/);
});
