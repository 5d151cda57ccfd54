import { expect, test } from "vitest";
import * as z from "zod";
import { knownKeysAt } from "./schema-keys.ts";

const schema = z.toJSONSchema(
  z.strictObject({
    source: z.discriminatedUnion("type", [
      z.strictObject({ type: z.literal("file"), path: z.string() }),
      z.strictObject({ type: z.literal("sql"), query: z.string() }),
    ]),
    steps: z.array(z.strictObject({ name: z.string(), sql: z.string().optional() })),
    env: z.record(z.string(), z.strictObject({ value: z.string() })),
    limits: z.strictObject({ memory: z.string() }).default({ memory: "1GB" }),
  }),
  { io: "input" },
);

test.each<[readonly PropertyKey[], readonly string[]]>([
  [[], ["source", "steps", "env", "limits"]],
  [["source"], ["type", "path", "query"]],
  [
    ["steps", 3],
    ["name", "sql"],
  ],
  [["env", "anything"], ["value"]],
  [["limits"], ["memory"]],
  [["nowhere", "at", "all"], []],
])("keys at %j are %j", (path, keys) => {
  expect(knownKeysAt(schema, path)).toEqual(keys);
});
