import { expect, test } from "vitest";
import { parseOpenAiPath } from "./openai-path.ts";

test.each([
  ["POST", "/v1/files", { action: "write", path: "/files" }],
  ["GET", "/v1/files?limit=2&after=file-1", { action: "read", path: "/files?limit=2&after=file-1" }],
  ["GET", "/v1/files/file-1/content", { action: "read", path: "/files/file-1/content" }],
  ["DELETE", "/v1/files/file-1/", { action: "write", path: "/files/file-1" }],
  ["POST", "/v1/batches/batch_1/cancel", { action: "write", path: "/batches/batch_1/cancel" }],
])("%s %s is the control plane's", (method, url, wanted) => {
  expect(parseOpenAiPath(method, url)).toEqual({ kind: "control", ...wanted });
});

test.each([
  ["GET", "/v1/files/../../projects"],
  ["GET", "/v1/files/a%2fb"],
  ["GET", "/v1/filesystem"],
  ["POST", "/v1/batches/batch_1/content"],
  ["PUT", "/v1/files"],
])("%s %s is nobody's", (method, url) => {
  expect(parseOpenAiPath(method, url)).toBeUndefined();
});
