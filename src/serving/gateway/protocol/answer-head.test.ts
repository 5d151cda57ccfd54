import { describe, expect, test } from "vitest";
import { AnswerMalformed, parseAnswerHead } from "./answer-head.ts";

const head = (...lines: readonly string[]): string => ["HTTP/1.1 200 OK", ...lines].join("\r\n");

describe("a head is refused", () => {
  test.each([
    ["without a status", "HTTP/1.1 OK"],
    ["of another version", "HTTP/2.0 200 OK"],
    ["of another protocol", "220 smtp.example.com ESMTP"],
    ["with a status of two digits", "HTTP/1.1 20 OK"],
    ["with a status that begins with 0", "HTTP/1.1 020 OK"],
    ["that changes the protocol", "HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c"],
    ["with a control character in its reason", "HTTP/1.1 200 O\u0000K"],
    ["with a space before a colon", head("content-length : 2")],
    ["with a line without a colon", head("content-length 2")],
    ["with a folded line", head("x-a: 1", " content-length: 2")],
    ["with a name of foreign characters", head("content\u00e9: 2")],
    ["with an empty name", head(": 2")],
    ["with a line that ends by a line feed alone", head("x-a: 1\ncontent-length: 2")],
    ["with a carriage return inside a line", head("x-a: 1\rcontent-length: 2")],
    ["with a NUL in a value", head("x-a: \u0000")],
    ["with two lengths", head("content-length: 2", "content-length: 3")],
    ["with the same length twice", head("content-length: 2", "Content-Length: 2")],
    ["with a list of lengths", head("content-length: 2, 2")],
    ["with a signed length", head("content-length: +2")],
    ["with a length of hexadecimal digits", head("content-length: 0x2")],
    ["with a length below 0", head("content-length: -2")],
    ["with an empty length", head("content-length:")],
    ["with a length beyond any", head("content-length: 99999999999999999999")],
    ["with both a length and chunks", head("content-length: 2", "transfer-encoding: chunked")],
    ["with both, though it has no body", "HTTP/1.1 204 No Content\r\ncontent-length: 0\r\ntransfer-encoding: chunked"],
    ["with chunks twice", head("transfer-encoding: chunked", "transfer-encoding: chunked")],
    ["with chunks inside another coding", head("transfer-encoding: gzip, chunked")],
    ["with another coding", head("transfer-encoding: identity")],
    ["with chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked"],
  ])("%s", (_what, text) => {
    expect(() => parseAnswerHead(text)).toThrow(AnswerMalformed);
  });
});

test.each([
  [head("Content-Length: 12"), { kind: "length", bytes: 12 }, true],
  [head("content-length:\t12 "), { kind: "length", bytes: 12 }, true],
  [head("Transfer-Encoding: Chunked"), { kind: "chunked" }, true],
  [head(), { kind: "close" }, false],
  [head("content-length: 1", "connection: Upgrade, Close"), { kind: "length", bytes: 1 }, false],
  ["HTTP/1.1 200", { kind: "close" }, false],
  ["HTTP/1.0 200 OK\r\ncontent-length: 3", { kind: "length", bytes: 3 }, false],
  ["HTTP/1.0 200 OK\r\ncontent-length: 3\r\nconnection: keep-alive", { kind: "length", bytes: 3 }, true],
  ["HTTP/1.1 204 No Content", { kind: "none" }, true],
  ["HTTP/1.1 304 Not Modified\r\ncontent-length: 12", { kind: "none" }, true],
] as const)("the end of the body, and whether the connection stays, is told by %j", (text, framing, isKept) => {
  expect(parseAnswerHead(text)).toMatchObject({ framing, isKept });
});

test("an answer to a request for its head alone has no body, whatever length it names", () => {
  expect(parseAnswerHead(head("content-length: 12"), true)).toMatchObject({ framing: { kind: "none" }, isKept: true });
});

test("headers are found by lower-case name, and those that came several times are joined", () => {
  const { status, headers, keptSeconds } = parseAnswerHead(
    [
      "HTTP/1.1 429 Slow Down",
      "X-One: 1",
      "Keep-Alive: timeout=5, max=100",
      "x-one: 2",
      "__proto__: x",
      "toString: y",
    ].join("\r\n"),
  );

  expect(status).toBe(429);
  expect(keptSeconds).toBe(5);
  expect(headers).toMatchObject({ "x-one": "1, 2", tostring: "y" });
  expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
});
