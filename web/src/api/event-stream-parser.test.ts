import fc from "fast-check";
import { expect, test } from "vitest";
import { EventStreamParser } from "./event-stream-parser.ts";

const stream =
  ': watching after 4\n\nid: 5\nevent: change\ndata: {"seq":5}\n\n: still here\n\nid: 6\ndata: one\ndata: two\n\n';

test("reads messages with their ids and drops comments", () => {
  expect(new EventStreamParser().push(stream)).toEqual([
    { id: "5", event: "change", data: '{"seq":5}' },
    { id: "6", event: "message", data: "one\ntwo" },
  ]);
});

test("gives the same messages however the stream is cut", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
      const parser = new EventStreamParser();
      const places = [0, ...cuts.toSorted((left, right) => left - right), stream.length];
      const found = places.slice(1).flatMap((end, index) => parser.push(stream.slice(places[index], end)));

      expect(found).toEqual(new EventStreamParser().push(stream));
    }),
  );
});

test("keeps a message back until its empty line came", () => {
  const parser = new EventStreamParser();

  expect(parser.push("data: half")).toEqual([]);
  expect(parser.push(" and half\n\n")).toEqual([{ id: null, event: "message", data: "half and half" }]);
});
