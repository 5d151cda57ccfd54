import { expect, test } from "vitest";
import { invokePath, withModel } from "./invoke-path.ts";

test.each([
  ["POST", "v1/chat/completions", "openai"],
  ["POST", "v1/embeddings", "openai"],
  ["GET", "v2/models/chat", "v2"],
  ["GET", "v2/models/chat/versions/3", "v2"],
  ["POST", "v2/models/chat/infer", "v2"],
  ["POST", "v2/models/chat/versions/3/infer", "v2"],
] as const)("%s %s is passed on", (method, path, kind) => {
  expect(invokePath(method, path, "chat")).toEqual({ kind, path: `/${path}` });
});

test.each([
  ["GET", "v1/chat/completions"],
  ["GET", "metrics"],
  ["POST", "v2/models/other/infer"],
  ["POST", "v2/models/chat"],
  ["POST", "v2/models/chat/../other/infer"],
  ["POST", "v1/projects/p/deployments/chat/outcomes"],
  ["GET", "v2/models/chat/infer"],
] as const)("%s %s is not", (method, path) => {
  expect(() => invokePath(method, path, "chat")).toThrow("chat takes POST");
});

test("a request is for the deployment whatever model it names, its adapters aside", () => {
  expect(JSON.parse(withModel('{"model":"other","stream":true}', "chat"))).toEqual({ model: "chat", stream: true });
  expect(JSON.parse(withModel('{"model":"chat:poet"}', "chat"))).toEqual({ model: "chat:poet" });
  expect(JSON.parse(withModel('{"model":"chat@2"}', "chat"))).toEqual({ model: "chat@2" });
  expect(JSON.parse(withModel('{"model":"chatty@2"}', "chat"))).toEqual({ model: "chat" });
  expect(JSON.parse(withModel('{"model":"chatty:poet"}', "chat"))).toEqual({ model: "chat" });
  expect(() => withModel("[]", "chat")).toThrow("wants a JSON object");
  expect(() => withModel("hello", "chat")).toThrow("found hello");
});
