import fc from "fast-check";
import { expect, test } from "vitest";
import { type Paint, renderTable, type TableColumn } from "./table.ts";

const plain: Paint = (text) => text;
const name: TableColumn = { heading: "name", align: "left", canShrink: false };
const rows: TableColumn = { heading: "rows", align: "right", canShrink: false };
const message: TableColumn = { heading: "message", align: "left", canShrink: true };
const cell = (text: string) => ({ text, tone: "plain" as const });

test("aligns columns without boxes and without trailing blanks", () => {
  const lines = renderTable(
    [name, rows, message],
    [
      [cell("flights"), cell("3000000"), cell("ready")],
      [cell("airports"), cell("3376"), cell("")],
    ],
    { width: 80, paint: plain },
  );

  expect(lines).toEqual([
    "NAME         ROWS  MESSAGE", //
    "flights   3000000  ready",
    "airports     3376",
  ]);
});

test("cuts what may shrink, and ids never", () => {
  const id = "01m859zk509mvgw549eztwqeeg";
  const [, line] = renderTable([name, message], [[cell(id), cell("a very long story about nothing at all")]], {
    width: 40,
    paint: plain,
  });

  expect(line).toBe(`${id}  a very long…`);
});

test("keeps a row on one line whatever its cells hold", () => {
  const lines = renderTable([name], [[cell("two\nlines\tand a tab")]], { width: 80, paint: plain });

  expect(lines[1]).toBe("two lines and a tab");
});

test("paints the text and not the blanks around it", () => {
  const lines = renderTable([rows, name], [[cell("7"), { text: "ok", tone: "good" }]], {
    width: 80,
    paint: (text, tone) => (tone === "good" ? `<${text}>` : text),
  });

  expect(lines[1]).toBe("   7  <ok>");
});

test("every line fits the width when all columns may shrink and the terminal is not absurdly narrow", () => {
  const word = fc.string({ unit: "grapheme-ascii", maxLength: 60 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(word, word, word), { maxLength: 8 }),
      fc.integer({ min: 30, max: 120 }),
      (cells, width) => {
        const columns = [message, message, message];
        const lines = renderTable(
          columns,
          cells.map((row) => row.map(cell)),
          { width, paint: plain },
        );

        expect(lines).toHaveLength(cells.length + 1);
        for (const line of lines) expect([...line].length).toBeLessThanOrEqual(width);
      },
    ),
  );
});

test("without a terminal nothing is cut", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "-", "é"), minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(word, word, (left, right) => {
      const [, line] = renderTable([message, message], [[cell(left), cell(right)]], {
        width: Number.POSITIVE_INFINITY,
        paint: plain,
      });

      expect(line?.split(/ {2,}/)).toEqual([left, right]);
    }),
  );
});
