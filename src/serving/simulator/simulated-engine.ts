import type { Instant, Millis } from "../../base/clock.ts";
import { BlockCache } from "./block-cache.ts";

/** How fast a simulated engine is and how much it holds. */
export interface EngineShape {
  /** Requests that are worked on at once. */
  readonly slots: number;
  readonly kvBlocks: number;
  readonly tokensPerBlock: number;
  /** To compute one prompt token. */
  readonly prefillMsPerToken: Millis;
  /** One step writes one token of every running answer: a fixed part, and a part for each answer. */
  readonly stepMs: Millis;
  readonly stepMsPerAnswer: Millis;
  /** Prompt tokens that one step computes beside the answers; null: whole prompts, one after the other, while answers wait. */
  readonly chunkTokens: number | null;
}

/** A request as the engine sees it. */
export interface EngineRequest {
  readonly id: number;
  /** Hashes of the whole blocks of the prompt, each standing for all before it too. */
  readonly blocks: readonly number[];
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** Hashes of the blocks that prompt and answer fill together, from the first one behind the prompt's on. */
  readonly blocksWritten: readonly number[];
}

/** What happened to a request, and when. */
export interface EngineEvent {
  readonly kind: "token" | "done";
  readonly id: number;
  readonly at: Instant;
  /** Tokens of the answer written so far. */
  readonly tokens: number;
  /** Prompt tokens that were found in the cache. */
  readonly tokensCached: number;
}

interface Sequence {
  readonly request: EngineRequest;
  readonly ownBlocks: number;
  readonly tokensCached: number;
  prefillLeft: number;
  /** The count of steps at which its last token is written. */
  endsAtStep: number;
}

interface Step {
  startedAt: Instant;
  endsAt: Instant;
  /** Steps of equal length that are taken as one while nothing else happens. */
  count: number;
  readonly eachMs: Millis;
  readonly prefills: readonly { readonly sequence: Sequence; readonly tokens: number }[];
  readonly hasDecode: boolean;
}

/**
 * A simulated inference engine with continuous batching, a paged KV cache and prefix caching; no model, no tokens, only
 * when they would come.
 *
 * Time comes in: `advance` brings the engine to a moment and says what happened until then. Simplified: room for the whole answer
 * is taken when a request starts, so that none is ever preempted; a step costs the same however long the contexts are.
 */
export class SimulatedEngine {
  readonly shape: EngineShape;
  readonly #cache: BlockCache;
  readonly #isEachToken: boolean;
  #waiting: EngineRequest[] = [];
  readonly #prefilling: Sequence[] = [];
  #running: Sequence[] = [];
  #stepsTaken = 0;
  #step: Step | null = null;
  #events: EngineEvent[] = [];
  #queriedTokens = 0;
  #hitTokens = 0;
  #writtenTokens = 0;
  #doneCount = 0;

  /** @param isEachToken whether every token is an event of its own, or only the first and the end of each answer. */
  constructor(shape: EngineShape, isEachToken = false) {
    this.shape = shape;
    this.#cache = new BlockCache(shape.kvBlocks);
    this.#isEachToken = isEachToken;
  }

  get counts() {
    return {
      running: this.#prefilling.length + this.#running.length,
      waiting: this.#waiting.length,
      kvUsage: this.#cache.usage,
      queriedTokens: this.#queriedTokens,
      hitTokens: this.#hitTokens,
      writtenTokens: this.#writtenTokens,
      doneCount: this.#doneCount,
    };
  }

  /** When something will happen next; null while there is nothing to do. */
  nextAt(): Instant | null {
    return this.#step?.endsAt ?? null;
  }

  /** @param now not before that of an earlier call. */
  submit(request: EngineRequest, now: Instant): void {
    this.#catchUp(now);
    this.#waiting.push(request);
    if (this.#step === null) this.#begin(now);
    else if (this.#step.count > 1) this.#cutShort(this.#step, now);
  }

  /** Drops a request whose client has gone; its place is free after the step that is under way. */
  abort(id: number): void {
    this.#waiting = this.#waiting.filter((request) => request.id !== id);
    for (const list of [this.#prefilling, this.#running]) {
      const place = list.findIndex((sequence) => sequence.request.id === id);
      const [dropped] = place === -1 ? [] : list.splice(place, 1);
      if (dropped !== undefined) this.#cache.release(dropped.request.blocks, dropped.ownBlocks, []);
    }
  }

  /** Goes on to `now`. @returns what happened since the last call, in order. */
  advance(now: Instant): readonly EngineEvent[] {
    this.#catchUp(now);
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** Blocks that were evicted since the last call. */
  takeEvicted(): readonly number[] {
    return this.#cache.takeEvicted();
  }

  #catchUp(now: Instant): void {
    while (this.#step !== null && this.#step.endsAt <= now) this.#finish(this.#step);
  }

  #admit(): void {
    const { tokensPerBlock, slots } = this.shape;
    while (this.#prefilling.length + this.#running.length < slots) {
      const [request] = this.#waiting;
      if (request === undefined) return;
      const tokens = request.tokensIn + request.tokensOut;
      const ownBlocks = Math.ceil(tokens / tokensPerBlock) - request.blocks.length;
      const depth = this.#cache.depthOf(request.blocks);
      if (!this.#cache.pin(request.blocks, ownBlocks)) return;
      this.#waiting.shift();
      // At least one token is computed: the answer starts from it.
      const tokensCached = Math.min(depth * tokensPerBlock, request.tokensIn - 1);
      this.#queriedTokens += request.tokensIn;
      this.#hitTokens += tokensCached;
      const prefillLeft = request.tokensIn - tokensCached;
      this.#prefilling.push({ request, ownBlocks, tokensCached, prefillLeft, endsAtStep: 0 });
    }
  }

  #begin(now: Instant): void {
    this.#admit();
    const { chunkTokens, prefillMsPerToken, stepMs, stepMsPerAnswer } = this.shape;
    const prefills = this.#choosePrefills();
    const prefillTokens = prefills.reduce((sum, { tokens }) => sum + tokens, 0);
    const hasDecode = this.#running.length > 0 && (chunkTokens !== null || prefillTokens === 0);
    if (prefillTokens === 0 && !hasDecode) {
      this.#step = null;
      return;
    }
    const answers = hasDecode ? this.#running.length : 0;
    const eachMs = stepMs + answers * stepMsPerAnswer + prefillTokens * prefillMsPerToken;
    const count = prefillTokens > 0 || this.#isEachToken ? 1 : this.#stepsToNextEnd();
    this.#step = { startedAt: now, endsAt: now + count * eachMs, count, eachMs, prefills, hasDecode };
  }

  #choosePrefills(): Step["prefills"] {
    const [first] = this.#prefilling;
    if (first === undefined) return [];
    const { chunkTokens } = this.shape;
    if (chunkTokens === null) return [{ sequence: first, tokens: first.prefillLeft }];
    const chosen: { sequence: Sequence; tokens: number }[] = [];
    let left = chunkTokens;
    for (const sequence of this.#prefilling) {
      const tokens = Math.min(left, sequence.prefillLeft);
      if (tokens > 0) chosen.push({ sequence, tokens });
      left -= tokens;
    }
    return chosen;
  }

  #stepsToNextEnd(): number {
    const first = this.#running.reduce(
      (least, { endsAtStep }) => Math.min(least, endsAtStep),
      Number.POSITIVE_INFINITY,
    );
    return Math.max(1, first - this.#stepsTaken);
  }

  /** A request came: steps that were taken as one end with the one that is under way, and the request joins the next. */
  #cutShort(step: Step, now: Instant): void {
    step.count = Math.min(step.count, Math.max(1, Math.ceil((now - step.startedAt) / step.eachMs)));
    step.endsAt = step.startedAt + step.count * step.eachMs;
  }

  #finish(step: Step): void {
    const now = step.endsAt;
    if (step.hasDecode) this.#decode(step.count, now);
    for (const { sequence, tokens } of step.prefills) {
      sequence.prefillLeft -= tokens;
      if (sequence.prefillLeft > 0 || !this.#prefilling.includes(sequence)) continue;
      this.#prefilling.splice(this.#prefilling.indexOf(sequence), 1);
      sequence.endsAtStep = this.#stepsTaken + sequence.request.tokensOut - 1;
      this.#writtenTokens += 1;
      this.#tell("token", sequence, 1, now);
      if (sequence.request.tokensOut <= 1) this.#complete(sequence, now);
      else this.#running.push(sequence);
    }
    this.#begin(now);
  }

  #decode(steps: number, now: Instant): void {
    this.#stepsTaken += steps;
    this.#writtenTokens += steps * this.#running.length;
    const left: Sequence[] = [];
    for (const sequence of this.#running) {
      const written = sequence.request.tokensOut - Math.max(0, sequence.endsAtStep - this.#stepsTaken);
      if (this.#isEachToken) this.#tell("token", sequence, written, now);
      if (sequence.endsAtStep <= this.#stepsTaken) this.#complete(sequence, now);
      else left.push(sequence);
    }
    this.#running = left;
  }

  #complete(sequence: Sequence, now: Instant): void {
    this.#doneCount += 1;
    this.#cache.release(sequence.request.blocks, sequence.ownBlocks, sequence.request.blocksWritten);
    this.#tell("done", sequence, sequence.request.tokensOut, now);
  }

  #tell(kind: EngineEvent["kind"], sequence: Sequence, tokens: number, at: Instant): void {
    this.#events.push({ kind, id: sequence.request.id, at, tokens, tokensCached: sequence.tokensCached });
  }
}
