/**
 * How much a worker gets of what is free.
 *
 * What a request waits for is given whole or not at all; what the worker would like beyond it, up to its fair part of
 * what is free. So nobody takes the rest of a scarce limit for later.
 */
export function fairGrant(asked: {
  readonly free: number;
  readonly need: number;
  readonly want: number;
  /** Workers that share the limit. */
  readonly peers: number;
}): number {
  const { free, need, want, peers } = asked;
  if (free <= 0 || need > free) return 0;
  return Math.max(need, Math.min(need + want, Math.floor(free / peers)));
}
