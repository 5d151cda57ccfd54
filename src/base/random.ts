/** A source of randomness; decisions take one as a value, so that a seed repeats them. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
}

/**
 * A repeatable source of randomness: sfc32, seeded from one 32-bit number.
 *
 * Not for secrets. Source: C. Doty-Humphrey, PractRand, "sfc" (small fast counting) generators.
 */
export function seededRandom(seed: number): Random {
  let a = 0x9e3779b9 ^ seed;
  let b = 0x243f6a88 ^ (seed << 7);
  let c = 0xb7e15162 ^ (seed >>> 3);
  let counter = 1;
  const step = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4294967296;
  };
  for (let round = 0; round < 16; round += 1) step();
  return { next: step };
}
