import { connect } from "node:net";
import { expect, test } from "vitest";
import fc from "fast-check";
import { hello, openAiGateway } from "../fixtures/openai-gateway.ts";

/*
 * Hostile bytes at the gateway: each connection is judged twice, as it comes, where the front may serve it, and after a first request
 * that the front leaves to Node's server with all that follows. Both must say the same.
 */

const body = JSON.stringify(hello);
const path = "/v1/chat/completions";
const usual = [`POST ${path} HTTP/1.1`, "host: x", "authorization: Bearer good", "content-type: application/json"];
const length = `content-length: ${body.length}`;

/**
 * What follows each case: whoever finds the request's end elsewhere answers it another way. It is longer than any length that a few
 * changed digits tell, and closes the connection.
 */
const last = `GET /v2/health/live HTTP/1.1\r\nhost: x\r\nx-pad: ${"a".repeat(11_000)}\r\nconnection: close\r\n\r\n`;
const first = "GET /v2/health/ready HTTP/1.1\r\nhost: x\r\n\r\n";

function request(lines: readonly string[], content = body, lineEnd = "\r\n"): string {
  return [...lines, "", content].join(lineEnd);
}

/** Sends bytes and hears until the connection closes; `before` is sent alone and answered first. */
function talk(port: number, bytes: string, before = ""): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let heard = "";
    let isFirst = before !== "";
    socket.on("data", (chunk) => {
      if (isFirst) socket.write(bytes, "latin1");
      else heard += chunk.toString("latin1");
      isFirst = false;
    });
    // A server that refuses may close over what it did not read.
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(heard));
    socket.write(isFirst ? before : bytes, "latin1");
  });
}

/** The answers in a text, without what differs between any two: ids, dates, the spelling and order of header names. */
function answersIn(text: string): readonly string[] {
  return text
    .split(/(?=HTTP\/1\.1 \d{3} )/)
    .filter((part) => part !== "")
    .map((part) => {
      const [head = "", ...rest] = part.split("\r\n\r\n");
      const [line = "", ...headers] = head.split("\r\n");
      const kept = headers.map((header) => header.replace(/^[^:]+/, (name) => name.toLowerCase()));
      const told = kept.filter((header) => !/^(?:date|x-request-id|x-ratelimit[^:]*):/.test(header)).toSorted();
      return [line, ...told, rest.join("\r\n\r\n")].join("\n").replace(/req_\w+/g, "ID");
    });
}

/** Requests after which Node's server closes the connection; more bytes would have it drop the answer, too. */
const closing = /connection: close|HTTP\/[12]\.0/;

async function judged(port: number, bytes: string) {
  const sent = closing.test(bytes) ? bytes : bytes + last;
  const here = answersIn(await talk(port, sent));
  const there = answersIn(await talk(port, sent, first));
  return { here, there };
}

const withLength = (value: string): string => request([...usual, `content-length: ${value}`]);
const with1 = (line: string): string => request([...usual, line, length]);

test.each([
  ["a usual request", request([...usual, length])],
  ["two equal lengths", request([...usual, length, length])],
  ["two different lengths", request([...usual, length, "content-length: 3"])],
  ["a list of lengths", withLength(`${body.length}, ${body.length}`)],
  ["a negative length", withLength("-1")],
  ["a length with a sign", withLength(`+${body.length}`)],
  ["a length that no number holds", withLength("99999999999999999999")],
  ["a length in hexadecimal", withLength(`0x${body.length.toString(16)}`)],
  ["a length with zeros before it", withLength(`00${body.length}`)],
  ["a length with a decimal point", withLength(`${body.length}.0`)],
  ["a length with a blank in it", withLength("4 1")],
  ["an empty length", withLength("")],
  ["a length of none", request([...usual, "content-length: 0"], "")],
  ["no length", request(usual, "")],
  ["chunks", request([...usual, "transfer-encoding: chunked"], `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`)],
  ["chunks and a length", request([...usual, length, "transfer-encoding: chunked"], "0\r\n\r\n")],
  ["chunks spelled otherwise", with1("Transfer-Encoding: xchunked")],
  ["chunks behind a blank", with1("transfer-encoding : chunked")],
  ["chunks after a tab", with1("transfer-encoding:\tchunked")],
  ["an encoding that is none", with1("transfer-encoding: identity")],
  ["a blank before a colon", request([...usual, `content-length : ${body.length}`])],
  ["lines that end with LF alone", request([...usual, length], body, "\n")],
  ["one line that ends with LF alone", request([usual[0] ?? "", "a: b\nc: d", ...usual.slice(1), length])],
  ["CR alone in a value", with1("a: b\rc")],
  ["NUL in a value", with1("a: b\0c")],
  ["NUL in a name", with1("a\0b: c")],
  ["a value that goes on in the next line", with1("a: b\r\n c")],
  ["a first header with a blank before it", request([usual[0] ?? "", " a: b", ...usual.slice(1), length])],
  ["a line without a colon", with1("nothing")],
  ["a header without a name", with1(": nothing")],
  ["a name with odd characters", with1("a@b(c): d")],
  ["a name beyond ASCII", with1("\u00e9: d")],
  ["a value beyond ASCII", with1("a: \u00e9\u00ff")],
  ["names that objects have", with1("__proto__: a\r\nconstructor: b\r\ntoString: c")],
  ["a length with an underscore", with1("content_length: 3")],
  ["a very long header", with1(`a: ${"b".repeat(20_000)}`)],
  ["very many headers", with1(Array.from({ length: 3_000 }, (_, count) => `a${count}: b`).join("\r\n"))],
  ["no host", request([...usual.filter((line) => line !== "host: x"), length])],
  ["two hosts", with1("host: y")],
  ["two keys", with1("authorization: Bearer bad")],
  ["a wrong key", request([...usual.slice(0, 2), "authorization: Bearer bad", length])],
  ["a wish to go on", with1("expect: 100-continue")],
  ["another wish", with1("expect: nothing")],
  ["another protocol", with1("connection: close, upgrade\r\nupgrade: websocket")],
  ["a connection that closes", with1("connection: close")],
  ["a connection that is kept and more", with1("connection: keep-alive, te")],
  ["empty lines first", `\r\n\r\n${request([...usual, length])}`],
  ["a method in lower case", request([`post ${path} HTTP/1.1`, ...usual.slice(1), length])],
  ["another method", request([`DELETE ${path} HTTP/1.1`, ...usual.slice(1), length])],
  ["a query", request([`POST ${path}?a=b HTTP/1.1`, ...usual.slice(1), length])],
  ["HTTP/1.0", request([`POST ${path} HTTP/1.0`, ...usual.slice(1), length])],
  ["HTTP/1.2", request([`POST ${path} HTTP/1.2`, ...usual.slice(1), length])],
  ["HTTP/2.0", request([`POST ${path} HTTP/2.0`, ...usual.slice(1), length])],
  ["two blanks in the first line", request([`POST  ${path} HTTP/1.1`, ...usual.slice(1), length])],
  ["a tab in the first line", request([`POST\t${path}\tHTTP/1.1`, ...usual.slice(1), length])],
  ["no HTTP", "hello\r\n\r\n"],
  ["a body that is no JSON", request([...usual, "content-length: 3"], "abc")],
])("%s: the front says what Node's server says", async (_what, bytes) => {
  const { port, upstream } = await openAiGateway();
  const { here, there } = await judged(port, bytes);

  expect(here).toEqual(there);
  expect(here.length).toBeGreaterThan(0);
  // What reached the model came twice, alike.
  expect(new Set(upstream.seen.map(({ text }) => text)).size).toBe(upstream.seen.length / 2);
});

test("an absolute target reaches no model", async () => {
  const { port, upstream } = await openAiGateway();
  const { here, there } = await judged(port, request([`POST http://x${path} HTTP/1.1`, ...usual.slice(1), length]));

  for (const [answer] of [here, there]) expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  expect(upstream.seen).toEqual([]);
});

test("a body's length that is too short leaves its rest to be refused, not to be served", async () => {
  const { port, upstream } = await openAiGateway();
  const hidden = request([...usual, length]);
  const heard = answersIn(await talk(port, request([...usual, length], `${body}X${hidden}`)));

  expect(heard.map((answer) => answer.slice(0, 12))).toEqual(["HTTP/1.1 200", "HTTP/1.1 400"]);
  expect(upstream.seen).toHaveLength(1);
});

test("what follows a body in chunks is never read as the front's request while a length is told, too", async () => {
  const { port, upstream } = await openAiGateway();
  const hidden = request([...usual, length]);
  const chunked = request(
    [...usual, "transfer-encoding: chunked", `content-length: ${5 + hidden.length}`],
    "0\r\n\r\n",
  );
  const heard = answersIn(await talk(port, chunked + hidden));

  expect(heard.map((answer) => answer.slice(0, 12))).toEqual(["HTTP/1.1 400"]);
  expect(upstream.seen).toHaveLength(0);
});

test("requests that follow each other without waiting are answered in their order", async () => {
  const { port, upstream } = await openAiGateway();
  const say = (content: string): string => JSON.stringify({ model: "chat", messages: [{ role: "user", content }] });
  const one = (content: string): string => request([...usual, `content-length: ${say(content).length}`], say(content));
  const heard = answersIn(await talk(port, one("a") + one("b") + one("c") + last));

  expect(heard.map((answer) => answer.slice(0, 12))).toEqual(Array.from({ length: 4 }, () => "HTTP/1.1 200"));
  const asked = upstream.seen.map(({ body: { messages } }) => messages);
  expect(asked).toEqual(["a", "b", "c"].map((content) => [{ role: "user", content }]));
});

const odd = fc.constantFrom(
  "\0",
  "\r",
  "\n",
  "\r\n",
  " ",
  "\t",
  ":",
  ",",
  "0",
  "9",
  "a",
  "\x7f",
  "\u0080",
  "\u00ff",
  "\r\n\r\n",
  "-",
  "+",
);

/** Whether a connection was kept depends in Node's server on how the bytes came in, where it answers before the body is read. */
function withoutConnection(answers: readonly string[]): readonly string[] {
  return answers.map((answer) => answer.replace(/^(?:connection|keep-alive):.*\n/gm, ""));
}

/**
 * The answers are alike as far as both gave any: Node's server drops one that is not ready when nonsense follows, which depends on how
 * the bytes came in, too. What one gave alone is the first answer, a refusal or the last request's answer.
 */
function expectAlike(here: readonly string[], there: readonly string[]): void {
  const both = Math.min(here.length, there.length);
  expect(withoutConnection(here).slice(0, both)).toEqual(withoutConnection(there).slice(0, both));
  for (const answer of [...here.slice(Math.max(1, both)), ...there.slice(Math.max(1, both))]) {
    expect(answer).toMatch(/^HTTP\/1\.1 4|"live":true/);
  }
}

test("a usual request with a few bytes of its head changed is judged as by Node's server", async () => {
  const { port, upstream } = await openAiGateway();
  const whole = request([...usual, length]);
  const change = fc.record({
    at: fc.nat(whole.length - body.length - 1),
    remove: fc.integer({ min: 0, max: 2 }),
    put: odd,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 2 }), async (changes) => {
      let bytes = whole;
      for (const { at, remove, put } of changes) bytes = bytes.slice(0, at) + put + bytes.slice(at + remove);
      const before = upstream.seen.length;
      const { here, there } = await judged(port, bytes);
      expectAlike(here, there);
      const [mine, others, ...more] = upstream.seen.slice(before).map(({ text }) => text);
      if (others !== undefined) expect(others).toEqual(mine);
      expect(more).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
