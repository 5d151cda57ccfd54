import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type EngineEvent, type EngineRequest, type EngineShape, SimulatedEngine } from "./simulated-engine.ts";

const shape: EngineShape = {
  slots: 2,
  kvBlocks: 100,
  tokensPerBlock: 10,
  prefillMsPerToken: 1,
  stepMs: 5,
  stepMsPerAnswer: 1,
  chunkTokens: null,
};

function request(id: number, changes: Partial<EngineRequest> = {}): EngineRequest {
  const blocks = Array.from({ length: 10 }, (_, place) => 1000 + place);
  return { id, blocks, tokensIn: 105, tokensOut: 4, blocksWritten: [], ...changes };
}

/** Goes on until nothing is left to do. */
function drain(engine: SimulatedEngine): readonly EngineEvent[] {
  const events: EngineEvent[] = [];
  for (let at = engine.nextAt(); at !== null; at = engine.nextAt()) events.push(...engine.advance(at));
  return events;
}

function timesOf(events: readonly EngineEvent[]): readonly (readonly [string, number, number])[] {
  return events.map(({ kind, id, at }) => [kind, id, at] as const);
}

describe("the simulated engine", () => {
  test("computes the prompt, then writes one token a step; the second time only what is not cached", () => {
    const engine = new SimulatedEngine(shape);
    engine.submit(request(1), 0);
    // 105 tokens and a step; then three steps of one answer.
    expect(timesOf(drain(engine))).toEqual([
      ["token", 1, 110],
      ["done", 1, 128],
    ]);
    engine.submit(request(2), 1000);

    expect(timesOf(drain(engine))).toEqual([
      ["token", 2, 1010],
      ["done", 2, 1028],
    ]);
    expect(engine.counts).toMatchObject({ running: 0, waiting: 0, kvUsage: 0, hitTokens: 100, queriedTokens: 210 });
  });

  test("answers wait while a whole prompt is computed, and go on beside a prompt in chunks", () => {
    const other = request(2, { blocks: Array.from({ length: 10 }, (_, place) => 2000 + place) });
    const serial = new SimulatedEngine(shape);
    serial.submit(request(1), 0);
    serial.submit(other, 112);
    const chunked = new SimulatedEngine({ ...shape, chunkTokens: 20 });
    chunked.submit(request(1), 0);
    chunked.submit(other, 140);

    const doneOf = (events: readonly EngineEvent[]): readonly number[] =>
      events.filter(({ kind, id }) => kind === "done" && id === 1).map(({ at }) => at);
    // One step, the other's 110 ms, two steps of two answers.
    expect(doneOf(drain(serial))).toEqual([110 + 6 + 110 + 7 + 7]);
    // Six chunks for its own prompt; one step alone, two steps that carry 20 tokens of the other's.
    expect(doneOf(drain(chunked))).toEqual([135 + 6 + 26 + 26]);
  });

  test("more requests than slots wait for their turn", () => {
    const engine = new SimulatedEngine(shape);
    for (const id of [1, 2, 3]) engine.submit(request(id), 0);
    expect(engine.counts).toMatchObject({ running: 1, waiting: 2 });
    engine.advance(110);
    expect(engine.counts).toMatchObject({ running: 2, waiting: 1 });

    const done = drain(engine).filter(({ kind }) => kind === "done");
    expect(done.map(({ id }) => id)).toEqual([1, 2, 3]);
  });

  test("evicts what was idle longest, from the end of its prompt on", () => {
    const engine = new SimulatedEngine({ ...shape, kvBlocks: 25 });
    const promptOf = (start: number): readonly number[] => Array.from({ length: 10 }, (_, place) => start + place);
    for (const [id, start] of [1000, 2000, 3000].entries()) {
      engine.submit(request(id, { blocks: promptOf(start) }), id * 1000);
      drain(engine);
    }

    // Two prompts and the third's eleven blocks are 31: six of the first had to go.
    expect(engine.takeEvicted()).toEqual([1009, 1008, 1007, 1006, 1005, 1004]);
  });

  test("an answer stays in the cache for the turn that follows", () => {
    const engine = new SimulatedEngine(shape);
    engine.submit(request(1, { tokensOut: 20, blocksWritten: [5000, 5001] }), 0);
    drain(engine);
    const next = request(2, { tokensIn: 135, blocks: [...request(1).blocks, 5000, 5001] });
    engine.submit(next, 1000);

    expect(drain(engine)[0]).toMatchObject({ kind: "token", tokensCached: 120 });
  });

  test("tells every token when asked to, at the same times", () => {
    const [coarse, fine] = [new SimulatedEngine(shape), new SimulatedEngine(shape, true)];
    for (const engine of [coarse, fine])
      for (const id of [1, 2, 3]) engine.submit(request(id, { tokensOut: 3 + id }), id);
    const events = drain(fine);

    expect(events.filter(({ kind, tokens }) => kind === "done" || tokens === 1)).toEqual(drain(coarse));
    expect(events.filter(({ kind, id }) => kind === "token" && id === 3).map(({ tokens }) => tokens)).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
  });

  test("whatever comes and is aborted, every request ends or is dropped, and all places are free again", () => {
    const arrival = fc.record({
      after: fc.nat(60),
      prompt: fc.nat(4),
      tokensOut: fc.integer({ min: 1, max: 30 }),
      isAborted: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(arrival, { maxLength: 30 }), fc.boolean(), (arrivals, isChunked) => {
        const engine = new SimulatedEngine({ ...shape, kvBlocks: 40, chunkTokens: isChunked ? 30 : null });
        const events: EngineEvent[] = [];
        let now = 0;
        for (const [id, { after, prompt, tokensOut }] of arrivals.entries()) {
          now += after;
          events.push(...engine.advance(now));
          const blocks = Array.from({ length: 10 }, (_, place) => prompt * 100 + place);
          engine.submit(request(id, { blocks, tokensOut }), now);
          if (arrivals[id - 1]?.isAborted === true) engine.abort(id - 1);
        }
        events.push(...drain(engine));

        const done = new Set(events.filter(({ kind }) => kind === "done").map(({ id }) => id));
        for (const [id, { isAborted }] of arrivals.entries()) {
          if (!isAborted || id === arrivals.length - 1) expect(done.has(id)).toBe(true);
        }
        expect(done.size).toBe(events.filter(({ kind }) => kind === "done").length);
        expect(engine.counts).toMatchObject({ running: 0, waiting: 0, kvUsage: 0 });
        const times = events.map(({ at }) => at);
        expect(times).toEqual(times.toSorted((one, other) => one - other));
      }),
    );
  });
});
