import fc from "fast-check";
import { expect, test } from "vitest";
import { maxFrameBytes, StreamReader } from "./stream-reader.ts";
import type { FindBytes } from "./token-usage.ts";

const find: FindBytes = (bytes, wanted, from) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(wanted, from);
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Sends the text through a reader, cut at the given places. */
function follow(text: string, cuts: readonly number[], stripsUsage = true) {
  const bytes = encode(text);
  const reader = new StreamReader({ stripsUsage }, find);
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const passed = [...places, bytes.length].map((end, index) => reader.push(bytes.slice(places[index - 1] ?? 0, end)));
  const output = Buffer.concat([...passed, reader.rest()]).toString("utf8");
  return { output, end: reader.end, usage: reader.usage, frames: reader.frames };
}

const chunk = (content: string, more: object = {}) =>
  JSON.stringify({ id: "c", choices: [{ index: 0, delta: { content }, finish_reason: null }], usage: null, ...more });
const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10, prompt_tokens_details: { cached_tokens: 4 } };
const finish = JSON.stringify({ id: "c", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
const usageChunk = JSON.stringify({ id: "c", choices: [], usage });

const content = fc.oneof(
  fc.string(),
  fc.constantFrom('"usage":{"prompt_tokens":1}', "data: [DONE]\n\n", '"finish_reason":"stop"', "\r\n\r\n", "日本語 🎉"),
);
const lineEnd = fc.constantFrom("\n\n", "\r\n\r\n");

test("any chunking of the same bytes gives the same result", () => {
  fc.assert(
    fc.property(
      fc.array(content, { maxLength: 6 }),
      lineEnd,
      fc.boolean(),
      fc.boolean(),
      fc.array(fc.nat(5_000), { maxLength: 40 }),
      (contents, end, isDone, strips, cuts) => {
        const frames = [": keepalive", ...contents.map((each) => `data: ${chunk(each)}`), `data: ${finish}`];
        const tail = [`data: ${usageChunk}`, ...(isDone ? ["data: [DONE]"] : [])];
        const text = [...frames, ...tail].map((frame) => frame + end).join("");
        const kept = [...frames, ...(strips ? tail.slice(1) : tail)].map((frame) => frame + end).join("");

        expect(follow(text, cuts, strips)).toEqual({
          output: kept,
          end: isDone ? "done" : "finished",
          usage: { tokensIn: 7, tokensOut: 3, tokensCached: 4 },
          frames: frames.length + tail.length,
        });
      },
    ),
  );
});

test("a stream that breaks off between two chunks is seen to be truncated, whatever its contents say", () => {
  fc.assert(
    fc.property(fc.array(content, { minLength: 1, maxLength: 6 }), fc.array(fc.nat(2_000)), (contents, cuts) => {
      const text = contents.map((each) => `data: ${chunk(each)}\n\n`).join("");

      expect(follow(text, cuts)).toMatchObject({ output: text, end: "truncated", usage: null });
    }),
  );
});

test("a chunk whose frames are whole is passed on without a copy", () => {
  const reader = new StreamReader({ stripsUsage: true }, find);
  const bytes = encode(`data: ${chunk("hi")}\n\n`);

  expect(reader.push(bytes)).toBe(bytes);
});

test("a chunk with content and usage together stays, since the content is the caller's", () => {
  const text = `data: ${chunk("hi", { usage })}\n\ndata: [DONE]\n\n`;

  expect(follow(text, [])).toMatchObject({ output: text, usage: { tokensOut: 3 } });
});

test.each([
  ["an error in a chunk", 'data: {"error":{"message":"no memory"}}\n\n', "failed"],
  ["an error event", 'event: error\ndata: {"message":"no memory"}\n\n', "failed"],
  ["the end of a response", 'event: response.completed\ndata: {"response":{"usage":{"input_tokens":1}}}\n\n', "done"],
])("%s ends the stream", (_what, text, end) => {
  expect(follow(text, [3]).end).toBe(end);
});

test("a frame that never ends is passed on once it is longer than what may be held", () => {
  const reader = new StreamReader({ stripsUsage: true }, find);
  const piece = new Uint8Array(64 * 1024).fill(0x61);
  let passed = 0;
  for (let sent = 0; sent <= maxFrameBytes; sent += piece.length) passed += reader.push(piece).length;

  expect(passed).toBeGreaterThan(maxFrameBytes);
  expect(reader.isBetweenFrames).toBe(false);
});
