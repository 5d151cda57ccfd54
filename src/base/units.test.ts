import * as fc from "fast-check";
import { expect, test } from "vitest";
import { formatMemory, parseSize } from "./units.ts";

test.each(["64GiB", "2GB", "512MiB", "100MB", "1536GiB", "80GB"])("memory asked for as %s is written so", (text) => {
  expect(formatMemory(parseSize(text))).toBe(text);
});

test.each([
  [27_160_000_000, "25.3GiB"],
  [1_234_567, "1.18MiB"],
  [900, "900B"],
  [0, "0B"],
  [123.4 * 1024 ** 3, "123GiB"],
])("other memory is written in binary units: %d bytes", (bytes, text) => {
  expect(formatMemory(bytes)).toBe(text);
});

test("memory as it is written is within half a percent of what it is", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 50 }), (bytes) => {
      expect(Math.abs(parseSize(formatMemory(bytes)) / bytes - 1)).toBeLessThanOrEqual(0.0051);
    }),
  );
});

test("memory beside another figure is written in the same kind of unit", () => {
  expect(formatMemory(parseSize("250MiB"), parseSize("150MB"))).toBe("262MB");
  expect(formatMemory(27_160_000_000, parseSize("32GB"))).toBe("27.2GB");
  expect(formatMemory(27_160_000_000, parseSize("32GiB"))).toBe("25.3GiB");
  expect(formatMemory(parseSize("2GB"), parseSize("2GiB"))).toBe("1.86GiB");
});
