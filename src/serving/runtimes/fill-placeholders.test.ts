import fc from "fast-check";
import { expect, test } from "vitest";
import { fillPlaceholders, type Placeholders } from "./fill-placeholders.ts";

const values: Placeholders = {
  host: "127.0.0.1",
  port: 8000,
  port2: 8001,
  port3: 8002,
  model: "chat",
  model_path: null,
  gpus: 2,
  cpus: 4,
  nodes: 1,
  rank: 0,
  master: "127.0.0.1",
  master_port: 29_500,
};

test("names in braces are filled in, also several in one text", () => {
  expect(fillPlaceholders("{host}:{port}/{model}", values)).toEqual({ kind: "filled", text: "127.0.0.1:8000/chat" });
});

test("a name without a value is told", () => {
  expect(fillPlaceholders("--model={model_path}", values)).toEqual({ kind: "missing", name: "model_path" });
});

test("any other text, JSON among it, stays as it is", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(fillPlaceholders(text, values)).toEqual({ kind: "filled", text });
    }),
  );
  expect(fillPlaceholders("{constructor} {toString} { port }", values)).toEqual({
    kind: "filled",
    text: "{constructor} {toString} { port }",
  });
});
