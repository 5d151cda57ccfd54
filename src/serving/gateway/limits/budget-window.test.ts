import fc from "fast-check";
import { expect, test } from "vitest";
import { budgetWindow } from "./budget-window.ts";

test("a day and a month are those of UTC", () => {
  const moment = Date.UTC(2028, 1, 29, 23, 59, 59, 999);

  expect(budgetWindow("day", moment)).toEqual({ startsAt: Date.UTC(2028, 1, 29), endsAt: Date.UTC(2028, 2, 1) });
  expect(budgetWindow("month", moment)).toEqual({ startsAt: Date.UTC(2028, 1, 1), endsAt: Date.UTC(2028, 2, 1) });
  expect(budgetWindow("total", moment)).toEqual({ startsAt: 0, endsAt: null });
});

test("a month begins and ends where the calendar says, from 1970 to 2400", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Date.UTC(2400, 11, 31) }), (moment) => {
      const date = new Date(moment);
      const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];

      expect(budgetWindow("month", moment)).toEqual({
        startsAt: Date.UTC(year, month, 1),
        endsAt: Date.UTC(year, month + 1, 1),
      });
    }),
    { numRuns: 3_000 },
  );
});
