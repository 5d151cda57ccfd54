import { expect, test } from "vitest";
import * as z from "zod";
import { refusedFields, tellRefused, writePath } from "./refused-fields.ts";

const place = z.strictObject({ city: z.string(), rooms: z.array(z.int().min(1)).optional() });
const schema = z.strictObject({
  name: z.string(),
  format: z.enum(["parquet", "csv"]).optional(),
  at: z.union([z.string(), place]).optional(),
});

const told = (value: unknown): readonly string[] => {
  const parsed = schema.safeParse(value);
  const fields = parsed.success ? [] : refusedFields(schema, parsed.error, value);
  return fields.map((each) => `${writePath(each.path)}: ${tellRefused(each)}`);
};

test.each([
  [{}, ["name: it is missing; give a text"]],
  [{ name: 7 }, ["name: wanted a text; found 7"]],
  [{ name: "a", format: "parket" }, ['format: wanted one of parquet, csv; found "parket"; did you mean "parquet"?']],
  [{ name: "a", frmat: "csv" }, ['frmat: there is no such field; did you mean "format"?']],
  [{ name: "a", colour: "red" }, ["colour: there is no such field; there are name, format, at"]],
  [{ name: "a", at: 7 }, ["at: wanted a text or an object with fields; found 7"]],
  [{ name: "a", at: { rooms: [2] } }, ["at.city: it is missing; give a text"]],
  [{ name: "a", at: { city: "x", rooms: [2, 0] } }, ["at.rooms[1]: wanted a number of at least 1; found 0"]],
  [{ name: "a", at: { city: "x", room: [2] } }, ['at.room: there is no such field; did you mean "rooms"?']],
])("%j is told by what was wanted, what was found and what to do", (value, words) => {
  expect(told(value)).toEqual(words);
});
