import { expect, test } from "vitest";
import { countOwnLines, findSqlPosition } from "./sql-position.ts";

/** A message as the engine writes it: the line, and a caret below its `column`, which counts from 1. */
function messageAt(line: number, shown: string, column: number): string {
  const start = `LINE ${line}: `;
  return `Binder Error: no such column\n\n${start}${shown}\n${" ".repeat(start.length + column - 1)}^`;
}

test("finds line and column in the user's own text, not in the statement around it", () => {
  const sql = "SELECT a,\n  nothere\nFROM raw";

  expect(findSqlPosition(messageAt(3, "  nothere", 3), sql, 1)).toEqual({ line: 2, column: 3 });
});

test("finds the column in a line of which the engine shows a part", () => {
  const long = `SELECT '${"x".repeat(90)}' AS text, nothere + 1, '${"y".repeat(90)}' AS more`;
  const column = long.indexOf("nothere") + 1;
  const from = column - 60;

  const both = messageAt(2, `...${long.slice(from, from + 80)}...`, column - from + 3);
  const end = messageAt(2, `${long.slice(0, column + 20)}...`, column);

  expect(findSqlPosition(both, long, 1)).toEqual({ line: 1, column });
  expect(findSqlPosition(end, long, 1)).toEqual({ line: 1, column });
});

test("says nothing of a message without a place, or of one in another text", () => {
  expect(findSqlPosition("Conversion Error: no number", "SELECT 1", 1)).toBeUndefined();
  expect(findSqlPosition(messageAt(7, "SELECT", 1), "SELECT 1", 1)).toBeUndefined();
  expect(findSqlPosition(messageAt(2, "SOMETHING ELSE", 1), "SELECT 1", 1)).toBeUndefined();
});

test("counts lines as the user does and keeps the caret in its place", () => {
  const counted = countOwnLines(messageAt(10, "  nothere", 3), 1).split("\n");

  expect(counted.at(-2)).toBe(" LINE 9:   nothere");
  expect(counted.at(-1)?.indexOf("^")).toBe(counted.at(-2)?.indexOf("nothere"));
});
