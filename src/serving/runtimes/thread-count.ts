/**
 * Threads for one model of a token-by-token engine on a replica's processors: all but one, which the replica's own program and the
 * system need. On two processors that is one thread, and two would be slower by a factor of 25: threads that wait for each other
 * spin, and each spins away the time of another.
 */
export function threadCount(cpus: number): number {
  return Number.isFinite(cpus) ? Math.max(1, Math.floor(cpus) - 1) : 1;
}
