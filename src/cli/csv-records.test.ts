import fc from "fast-check";
import { expect, test } from "vitest";
import { CsvRecords } from "./csv-records.ts";

function read(...pieces: readonly string[]): readonly (readonly string[])[] {
  const records = new CsvRecords();
  const whole = pieces.flatMap((piece) => records.push(piece));
  const last = records.end();
  return last === undefined ? whole : [...whole, last];
}

test.each([
  [
    "plain fields",
    "a,b\r\n1,2\r\n",
    [
      ["a", "b"],
      ["1", "2"],
    ],
  ],
  [
    "empty fields, and no line end at the end",
    "a,,\n,b",
    [
      ["a", "", ""],
      ["", "b"],
    ],
  ],
  ["quotes around commas, line ends and quotes", '"a,b","c\nd","e""f"\n', [["a,b", "c\nd", 'e"f']]],
  ["blank lines", "a\n\n\nb\n", [["a"], ["b"]]],
  ["an empty quoted field", 'a,""\n', [["a", ""]]],
])("%s are read", (_what, text, wanted) => {
  expect(read(text)).toEqual(wanted);
});

test("records are the same however the file comes in pieces", () => {
  const field = fc.string({ unit: fc.constantFrom("a", "é", ",", '"', "\n", " "), maxLength: 6 });
  const table = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 5 });
  fc.assert(
    fc.property(table, fc.nat(40), (rows, cut) => {
      const quoted = rows.map((row) => row.map((each) => `"${each.replaceAll('"', '""')}"`).join(","));
      const text = quoted.map((line) => `${line}\n`).join("");
      expect(read(text.slice(0, cut), text.slice(cut))).toEqual(rows);
    }),
  );
});
