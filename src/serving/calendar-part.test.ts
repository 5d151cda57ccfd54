import fc from "fast-check";
import { expect, test } from "vitest";
import { calendarPart } from "./calendar-part.ts";

test("parts of a moment are those of the calendar", () => {
  fc.assert(
    fc.property(fc.integer({ min: -5e12, max: 5e12 }), (at) => {
      const date = new Date(at);

      expect(calendarPart("minute", at)).toBe(date.getUTCMinutes());
      expect(calendarPart("hour", at)).toBe(date.getUTCHours());
      expect(calendarPart("weekday", at)).toBe(date.getUTCDay() === 0 ? 7 : date.getUTCDay());
      expect(calendarPart("day", at)).toBe(date.getUTCDate());
      expect(calendarPart("month", at)).toBe(date.getUTCMonth() + 1);
    }),
    { numRuns: 2000 },
  );
});
