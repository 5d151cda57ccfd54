/** Replicas through a day or a week, when they follow the load. */
export interface HourlyReplicas {
  /** One an hour, shape [24] or [168]; at least one. */
  readonly replicas: readonly number[];
  /** GPU-hours of the whole profile when replicas follow the load, and when those for the peak are held. */
  readonly gpuHours: number;
  readonly gpuHoursHeld: number;
  /** Mean over peak of the load. */
  readonly meanShare: number;
}

/**
 * Replicas by the hour: those that keep the goals at each hour's share of the peak.
 *
 * @param shares load of each hour over the peak, 0 to 1; not empty.
 * @param goodputPerReplica requests a second that one replica serves within its goals.
 */
export function replicasByHour(
  shares: readonly number[],
  peakPerSecond: number,
  goodputPerReplica: number,
  gpusPerReplica: number,
): HourlyReplicas {
  const replicas = shares.map((share) => Math.max(1, Math.ceil((share * peakPerSecond) / goodputPerReplica)));
  const most = Math.max(...replicas);
  return {
    replicas,
    gpuHours: replicas.reduce((sum, each) => sum + each, 0) * gpusPerReplica,
    gpuHoursHeld: most * replicas.length * gpusPerReplica,
    meanShare: shares.reduce((sum, each) => sum + each, 0) / shares.length,
  };
}
