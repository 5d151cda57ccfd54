import fc from "fast-check";
import { expect, test } from "vitest";
import { readEventStream, type StreamMessage } from "./event-stream.ts";

const stream =
  ': watching\n\nid: 7\nevent: change\ndata: {"a":1}\n\n: still here\n\nid: 8\r\ndata: two\r\ndata: lines\r\n\r\ndata: café\n\n';
const wanted: readonly StreamMessage[] = [
  { id: "7", event: "change", data: '{"a":1}' },
  { id: "8", event: "message", data: "two\nlines" },
  { id: null, event: "message", data: "café" },
];

test("gives the same messages wherever the network cuts the stream", async () => {
  const bytes = new TextEncoder().encode(stream);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 12 }), async (cuts) => {
      const places = [0, ...[...cuts].sort((left, right) => left - right), bytes.length];
      const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));

      expect(await Array.fromAsync(readEventStream(feed(chunks)))).toEqual(wanted);
    }),
  );
});

test("leaves out a message that was cut off at the end", async () => {
  const chunks = [new TextEncoder().encode("data: one\n\ndata: tw")];

  expect(await Array.fromAsync(readEventStream(feed(chunks)))).toEqual([{ id: null, event: "message", data: "one" }]);
});

async function* feed(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
