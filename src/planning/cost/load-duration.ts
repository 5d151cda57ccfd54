/**
 * Mean load above a level, when peak load is 1 and mean load is `utilisation`.
 *
 * The load-duration curve is taken as (1 - p)^k with k = 1/utilisation - 1: the load that is exceeded during the share
 * p of the time. Its mean is the utilisation, it reaches the peak, and it is flat when the utilisation is 1.
 *
 * @param level 0..1; 0 gives the whole mean load, 1 gives 0.
 */
export function meanLoadAbove(level: number, utilisation: number): number {
  if (level >= 1) return 0;
  if (level <= 0) return utilisation;
  if (utilisation >= 1) return 1 - level;
  const power = 1 / utilisation - 1;
  const below = level ** (1 / power);
  return Math.max(0, (1 - below ** (power + 1)) / (power + 1) - level * (1 - below));
}
