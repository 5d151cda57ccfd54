/**
 * How much a worker gets of what is free.
 *
 * What one request waits for is given whole or not at all, and what the others wait for as far as there is some; but no more
 * than the worker's part of it while requests of others wait in vain. What it would like to hold ready beyond, up to its
 * part of what is free: so nobody takes the rest of a scarce limit for later.
 */
export function fairGrant(asked: {
  readonly free: number;
  readonly need: number;
  readonly waiting: number;
  readonly want: number;
  /** Workers that share the limit. */
  readonly peers: number;
  readonly isOtherShort: boolean;
}): number {
  const { free, need, waiting, want, peers, isOtherShort } = asked;
  if (free <= 0 || need > free) return 0;
  const part = Math.floor(free / peers);
  const now = Math.min(waiting, isOtherShort ? part : free);
  return Math.max(need, now, Math.min(waiting + want, part));
}
