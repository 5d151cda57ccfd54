import { randomBytes } from "node:crypto";
import type { Clock } from "../base/clock.ts";

/** The machine's clock. */
export const systemClock: Clock = { now: () => Date.now() };

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const timeDigits = 10;
const randomDigits = 16;

/**
 * Makes ids that sort by the time they were made: 10 digits of milliseconds, 16 of randomness (80 bits).
 * Same layout as ULID, in lower case.
 */
export function idsFrom(clock: Clock): () => string {
  return () => {
    let time = "";
    let left = clock.now();
    for (let digit = 0; digit < timeDigits; digit += 1) {
      time = alphabet.charAt(left % 32) + time;
      left = Math.floor(left / 32);
    }
    const random = [...randomBytes(randomDigits)].map((byte) => alphabet.charAt(byte % 32)).join("");
    return time + random;
  };
}
