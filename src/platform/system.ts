import { randomFillSync } from "node:crypto";
import type { Clock, Instant } from "../base/clock.ts";

/** The machine's clock. */
export const systemClock: Clock = { now: () => Date.now() };

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const timeDigits = 10;
/** Random digits, in pairs. */
const randomPairs = 8;
/** Random numbers fetched at once: asking for a few at a time costs more than the rest of an id. */
const randomPool = 512 * randomPairs;
/** What two digits can be. */
const pairs = Array.from(alphabet).flatMap((first) => Array.from(alphabet, (second) => first + second));

/**
 * Makes ids that sort by the time they were made: 10 digits of milliseconds, 16 of randomness (80 bits).
 * Same layout as ULID, in lower case.
 */
export function idsFrom(clock: Clock): () => string {
  const pool = new Uint16Array(randomPool);
  let used = randomPool;
  let time = "";
  let timeAt = Number.NaN;
  return () => {
    const now = clock.now();
    if (now !== timeAt) {
      time = timeDigitsOf(now);
      timeAt = now;
    }
    if (used === randomPool) {
      randomFillSync(pool);
      used = 0;
    }
    let id = time;
    for (const end = used + randomPairs; used < end; used += 1) id += pairs[(pool[used] ?? 0) % pairs.length] ?? "";
    return id;
  };
}

function timeDigitsOf(now: Instant): string {
  let time = "";
  let left = now;
  for (let digit = 0; digit < timeDigits; digit += 1) {
    time = alphabet.charAt(left % 32) + time;
    left = Math.floor(left / 32);
  }
  return time;
}
