import type { Instant, Millis } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";

/** What is asked of a simulated fleet. */
export interface WorkloadShape {
  /** Requests a second; with `turns`, conversations that begin in a second. Arrivals are Poisson, however busy the fleet is. */
  readonly rate: number;
  /** Prompt beginnings that requests share, and their lengths; none: no two prompts begin alike. */
  readonly prefixes: { readonly count: number; readonly tokens: number; readonly zipf: number } | null;
  /** Mean length of what is each prompt's own; drawn evenly from half to one and a half of it. */
  readonly ownTokens: number;
  /** Mean length of answers; exponential, at least 8 and at most eight times the mean. */
  readonly answerTokens: number;
  /** Turns of each conversation and the mean pause before the next one; each turn carries all before it. */
  readonly chat: { readonly turns: number; readonly pauseMs: Millis } | null;
}

/** One request of a workload. */
export interface Arrival {
  readonly at: Instant;
  readonly conversation: number;
  readonly turn: number;
  readonly blocks: readonly number[];
  readonly blocksWritten: readonly number[];
  readonly tokensIn: number;
  readonly tokensOut: number;
}

const answerTokensMin = 8;
const answerMeansMax = 8;

/** Draws the requests of a workload, with equal seeds the same ones, whatever becomes of them. */
export class RoutingWorkload {
  readonly #shape: WorkloadShape;
  readonly #random: Random;
  readonly #tokensPerBlock: number;
  readonly #popularity: readonly number[];
  #conversations = 0;

  constructor(shape: WorkloadShape, tokensPerBlock: number, random: Random) {
    this.#shape = shape;
    this.#random = random;
    this.#tokensPerBlock = tokensPerBlock;
    this.#popularity = shape.prefixes === null ? [] : zipfSums(shape.prefixes.count, shape.prefixes.zipf);
  }

  /** The next request that is no later turn of a conversation. */
  next(after: Instant): Arrival {
    const at = after + this.#exponential(1000 / this.#shape.rate);
    const conversation = this.#conversations;
    this.#conversations += 1;
    const { prefixes } = this.#shape;
    const prefix = prefixes === null ? [] : this.#hashesOf(1 + this.#drawPrefix(), prefixes.tokens);
    return this.#arrival(at, conversation, 0, prefix, prefixes?.tokens ?? 0);
  }

  /** The turn that follows on an answer, or null when the conversation is over. */
  nextTurn(before: Arrival, answeredAt: Instant): Arrival | null {
    const { chat } = this.#shape;
    if (chat === null || before.turn + 1 >= chat.turns) return null;
    const at = answeredAt + this.#exponential(chat.pauseMs);
    const blocks = [...before.blocks, ...before.blocksWritten];
    return this.#arrival(at, before.conversation, before.turn + 1, blocks, before.tokensIn + before.tokensOut);
  }

  #arrival(at: Instant, conversation: number, turn: number, shared: readonly number[], sharedTokens: number): Arrival {
    const { ownTokens, answerTokens } = this.#shape;
    const tokensIn = sharedTokens + Math.max(1, Math.round(ownTokens * (0.5 + this.#random.next())));
    const drawn = Math.round(this.#exponential(answerTokens));
    const tokensOut = Math.min(answerMeansMax * answerTokens, Math.max(answerTokensMin, drawn));
    const all = this.#tokensPerBlock;
    const whole = Math.floor(tokensIn / all);
    const hashes = this.#ownHashes(conversation, turn, Math.floor((tokensIn + tokensOut) / all) - shared.length);
    const blocks = [...shared, ...hashes].slice(0, whole);
    const blocksWritten = [...shared, ...hashes].slice(whole);
    return { at, conversation, turn, blocks, blocksWritten, tokensIn, tokensOut };
  }

  #hashesOf(prefix: number, tokens: number): readonly number[] {
    return Array.from({ length: Math.floor(tokens / this.#tokensPerBlock) }, (_, place) => mixed(prefix, place));
  }

  /** Hashes of blocks that no other conversation has. */
  #ownHashes(conversation: number, turn: number, count: number): readonly number[] {
    return Array.from({ length: Math.max(0, count) }, (_, place) => mixed(~conversation, turn * 65_536 + place));
  }

  #drawPrefix(): number {
    const drawn = this.#random.next();
    let low = 0;
    let high = this.#popularity.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#popularity[middle] ?? 1) > drawn) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #exponential(mean: number): number {
    return -Math.log(1 - this.#random.next()) * mean;
  }
}

/** Cumulated shares of the ranks 1 to `count` under Zipf's law. */
function zipfSums(count: number, exponent: number): readonly number[] {
  const weights = Array.from({ length: count }, (_, rank) => (rank + 1) ** -exponent);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  return weights.map((weight) => {
    sum += weight / total;
    return sum;
  });
}

function mixed(one: number, other: number): number {
  let hash = Math.imul(one ^ 0x5bd1e995, 0x85ebca6b) ^ Math.imul(other + 0x7f4a7c15, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return hash ^ (hash >>> 15);
}
