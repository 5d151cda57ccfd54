import fc from "fast-check";
import { expect, test } from "vitest";
import { parseIsoDate } from "./iso-date.ts";

test("reads every moment that JavaScript writes", () => {
  fc.assert(
    fc.property(
      fc.date({
        min: new Date("0001-01-01T00:00:00Z"),
        max: new Date("9999-12-31T23:59:59.999Z"),
        noInvalidDate: true,
      }),
      (date) => {
        expect(parseIsoDate(date.toISOString())).toBe(date.getTime());
        expect(parseIsoDate(date.toISOString().slice(0, 10))).toBe(Date.parse(date.toISOString().slice(0, 10)));
      },
    ),
  );
});

test.each([
  "2001-02-29",
  "2001-13-01",
  "2001-00-10",
  "2001-04-31",
  "2001-1-1",
  "1.2.2001",
  "2001-02-01T24:00Z",
  "soon",
  "",
])("refuses %j", (text) => expect(parseIsoDate(text)).toBeUndefined());
