import { expect, test } from "vitest";
import { BatchLineReader, bodyOfLine, isAnswer, outputLine } from "./batch-line.ts";
import { windowMs } from "./batch-model.ts";

const endpoint = "/v1/chat/completions";
const line = (fields: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ custom_id: "one", method: "POST", url: endpoint, body: { model: "chat" }, ...fields });

function readAll(texts: readonly string[]) {
  const reader = new BatchLineReader(endpoint);
  return texts.map((text) => reader.read(text, 0, Buffer.byteLength(text)));
}

test("good lines are told with their place, blank ones are passed over", () => {
  const reader = new BatchLineReader(endpoint);
  expect(reader.read(line({}), 0, 90)).toEqual({ line: 1, customId: "one", offset: 0, length: 90 });
  expect(reader.read("  ", 91, 2)).toBeNull();
  expect(reader.read(line({ custom_id: "two" }), 94, 90)).toMatchObject({ line: 3, customId: "two", offset: 94 });
});

test.each([
  ["no JSON", "{oops", "invalid_json_line", null],
  ["no custom_id", line({ custom_id: undefined }), "invalid_json_line", "custom_id"],
  ["another method", line({ method: "GET" }), "invalid_json_line", "method"],
  ["another endpoint", line({ url: "/v1/embeddings" }), "mismatched_endpoint", "url"],
  ["a stream", line({ body: { model: "chat", stream: true } }), "stream_not_allowed", "body.stream"],
  ["no body", line({ body: "text" }), "invalid_json_line", "body"],
])("a line with %s is told as a problem of its line", (_what, text, code, param) => {
  expect(readAll([line({ custom_id: "first" }), text])[1]).toMatchObject({ line: 2, code, param });
});

test("a custom_id that comes twice names the line that had it first", () => {
  expect(readAll([line({}), line({ custom_id: "b" }), line({})])[2]).toMatchObject({
    line: 3,
    code: "duplicate_custom_id",
    message: expect.stringContaining("line 1") as string,
  });
});

test("an answer is written with its status, a refusal with its code", () => {
  const answer = { kind: "answered", status: 200, requestId: "r", body: '{"id":"x"}' } as const;
  expect(JSON.parse(outputLine("batch_7", { line: 2, customId: "two" }, answer))).toEqual({
    id: "batch_req_7_2",
    custom_id: "two",
    response: { status_code: 200, request_id: "r", body: { id: "x" } },
    error: null,
  });
  expect(isAnswer(answer)).toBe(true);
  const refused = { kind: "refused", code: "batch_expired", message: "too late" } as const;
  expect(JSON.parse(outputLine("batch_7", { line: 3, customId: "three" }, refused))).toMatchObject({
    response: null,
    error: { code: "batch_expired" },
  });
  expect(isAnswer({ ...answer, status: 404 })).toBe(false);
});

test("the body of a request is handed on as it was", () => {
  expect(bodyOfLine(line({ body: { model: "chat", n: 1 } }))).toBe('{"model":"chat","n":1}');
});

test("a window is hours or days", () => {
  expect(windowMs("24h")).toBe(86_400_000);
  expect(windowMs("7d")).toBe(7 * 86_400_000);
});
