import type { Millis } from "../../base/clock.ts";
import { seededRandom } from "../../base/random.ts";
import type { LoadTestShape } from "./model.ts";
import { poissonArrivals } from "./poisson-arrivals.ts";
import { promptText } from "./prompt-text.ts";
import { parseTokenSpread } from "./token-spread.ts";
import { zipfRanks } from "./zipf-ranks.ts";

/** One request of a conversation. */
export interface PlannedTurn {
  /** What the prompt adds to all before it. */
  readonly inputTokens: number;
  /** The longest answer that is asked for. */
  readonly outputTokens: number;
  /** Pause after the answer before; 0 for the first turn. */
  readonly thinkMs: Millis;
}

/** A conversation; most have one turn. */
export interface PlannedConversation {
  /** When its first request is due, from the beginning of the test. */
  readonly at: Millis;
  /** Which of the shared beginnings it has; null for none. */
  readonly prefix: number | null;
  readonly turns: readonly PlannedTurn[];
}

/** Seeds of what must not depend on one another: other lengths leave the arrivals as they are. */
const lengthSalt = 0x51ed270b;
const prefixSalt = 0x2545f491;
const textSalt = 0x3c6ef372;

/**
 * All conversations of a load test, by the moment at which they are due; equal shapes give equal plans.
 *
 * With several turns conversations come as much more seldom, so that `rate` stays the number of requests a second.
 */
export function planWorkload(shape: LoadTestShape): readonly PlannedConversation[] {
  const lengths = seededRandom(shape.seed ^ lengthSalt);
  const ranks = seededRandom(shape.seed ^ prefixSalt);
  const input = parseTokenSpread(shape.inputTokens);
  const output = parseTokenSpread(shape.outputTokens);
  const draw = shape.prefixes === null ? null : zipfRanks(shape.prefixes.count, shape.prefixes.zipf);
  const arrivals = poissonArrivals(shape.rate / shape.turns, shape.durationMs, seededRandom(shape.seed));
  return arrivals.map((at) => ({
    at,
    prefix: draw?.(ranks) ?? null,
    turns: Array.from({ length: shape.turns }, (_, turn) => ({
      inputTokens: input(lengths),
      outputTokens: output(lengths),
      thinkMs: turn === 0 ? 0 : -Math.log(1 - lengths.next()) * shape.thinkMs,
    })),
  }));
}

/** The text of a beginning that prompts share: the same for all tests with equal seeds. */
export function prefixText(shape: Pick<LoadTestShape, "seed" | "prefixes">, prefix: number): string {
  return promptText(shape.prefixes?.tokens ?? 0, seededRandom(mixed(shape.seed ^ prefixSalt, prefix)));
}

/** What a turn of a conversation adds; no two conversations begin alike. */
export function turnText(seed: number, conversation: number, turn: number, tokens: number): string {
  return promptText(tokens, seededRandom(mixed(mixed(seed ^ textSalt, conversation), turn)));
}

/** One seed from two. The finaliser of MurmurHash3. */
function mixed(one: number, other: number): number {
  let hash = Math.imul(one ^ 0x5bd1e995, 0x85ebca6b) ^ Math.imul(other + 0x7f4a7c15, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
