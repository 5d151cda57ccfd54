import fc from "fast-check";
import { expect, test } from "vitest";
import { StopText } from "./stop-text.ts";

function cut(pieces: readonly string[], stops: readonly string[]): { text: string; isStopped: boolean } {
  const filter = new StopText(stops);
  const text = pieces.map((piece) => filter.push(piece)).join("") + filter.finish();
  return { text, isStopped: filter.isStopped };
}

test("a stop sequence that comes in pieces is never given out", () => {
  expect(cut(["one ", "E", "N", "D two"], ["END"])).toEqual({ text: "one ", isStopped: true });
});

test("what only began like a stop sequence is given out in the end", () => {
  expect(cut(["one E", "N"], ["END"])).toEqual({ text: "one EN", isStopped: false });
});

test("the first of several stop sequences wins", () => {
  expect(cut(["a|b.c"], [".", "|"])).toEqual({ text: "a", isStopped: true });
});

test("however the text is cut into pieces, it ends before the first stop sequence", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 30 });
  fc.assert(
    fc.property(fc.array(letters), fc.array(letters, { maxLength: 3 }), (pieces, stops) => {
      const whole = pieces.join("");
      const ends = stops
        .filter((stop) => stop !== "")
        .map((stop) => whole.indexOf(stop))
        .filter((index) => index !== -1);
      const end = ends.length === 0 ? whole.length : Math.min(...ends);
      const { text, isStopped } = cut(pieces, stops);

      expect(isStopped).toBe(ends.length > 0);
      // A longer sequence that begins earlier may still be open when a shorter one ends.
      expect(whole.startsWith(text)).toBe(true);
      if (ends.length === 0) expect(text).toBe(whole);
      else expect(text.length).toBeLessThanOrEqual(Math.max(end, ...ends));
      for (const stop of stops) if (stop !== "") expect(text).not.toContain(stop);
    }),
  );
});
