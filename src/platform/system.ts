import { randomFillSync } from "node:crypto";
import type { Clock } from "../base/clock.ts";

/** The machine's clock. */
export const systemClock: Clock = { now: () => Date.now() };

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const timeDigits = 10;
const randomDigits = 16;
/** Random bytes fetched at once: asking for a few at a time costs more than the rest of an id. */
const randomPoolBytes = 256 * randomDigits;

/**
 * Makes ids that sort by the time they were made: 10 digits of milliseconds, 16 of randomness (80 bits).
 * Same layout as ULID, in lower case.
 */
export function idsFrom(clock: Clock): () => string {
  const pool = Buffer.alloc(randomPoolBytes);
  let used = randomPoolBytes;
  const randomByte = (): number => {
    if (used === randomPoolBytes) {
      randomFillSync(pool);
      used = 0;
    }
    used += 1;
    return pool.readUInt8(used - 1);
  };
  return () => {
    let time = "";
    let left = clock.now();
    for (let digit = 0; digit < timeDigits; digit += 1) {
      time = alphabet.charAt(left % 32) + time;
      left = Math.floor(left / 32);
    }
    let random = "";
    for (let digit = 0; digit < randomDigits; digit += 1) random += alphabet.charAt(randomByte() % 32);
    return time + random;
  };
}
