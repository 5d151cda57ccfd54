import fc from "fast-check";
import { expect, test } from "vitest";
import { EventHeap } from "./event-heap.ts";

interface Event {
  readonly at: number;
  readonly name: number;
}

const byTime = (left: Event, right: Event): number => left.at - right.at;

test("gives every entry once, by time, and equal times in the order in which they came", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
      const events = times.map((at, name) => ({ at, name }));
      const heap = new EventHeap(byTime);
      for (const event of events) heap.push(event);

      const taken = Array.from({ length: events.length }, () => heap.pop());

      expect(taken).toEqual(events.toSorted(byTime));
      expect(heap.pop()).toBeUndefined();
    }),
  );
});

test("holds its order when pushes and takes alternate", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined })), (steps) => {
      const heap = new EventHeap(byTime);
      let model: Event[] = [];
      for (const [name, step] of steps.entries()) {
        if (step === undefined) {
          const least = model.toSorted(byTime)[0];
          model = model.filter((event) => event !== least);
          expect(heap.peek()).toEqual(least);
          expect(heap.pop()).toEqual(least);
        } else {
          heap.push({ at: step, name });
          model.push({ at: step, name });
        }
        expect(heap.size).toBe(model.length);
      }
    }),
  );
});
