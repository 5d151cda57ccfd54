/** Memory slices of one GPU that is cut into MIG instances. */
const migSlices = 8;

/** Where an instance of a profile may begin, and how many memory slices it takes. */
interface MigPlacement {
  readonly slices: number;
  readonly starts: readonly number[];
}

/**
 * The instances that an 80 GB GPU of the A100 and H100 families can be cut into.
 *
 * Source: NVIDIA, Multi-Instance GPU User Guide, "Supported MIG Profiles" (placements as `nvidia-smi mig -lgipp` lists them).
 */
const placements: Readonly<Record<string, MigPlacement>> = {
  "1g.10gb": { slices: 1, starts: [0, 1, 2, 3, 4, 5, 6] },
  "1g.20gb": { slices: 2, starts: [0, 2, 4, 6] },
  "2g.20gb": { slices: 2, starts: [0, 2, 4] },
  "3g.40gb": { slices: 4, starts: [0, 4] },
  "4g.40gb": { slices: 4, starts: [0] },
  "7g.80gb": { slices: 8, starts: [0] },
};

/** Names of the known profiles, smallest first. */
export const migProfiles: readonly string[] = Object.keys(placements);

/** Milli-GPUs that an instance of the profile counts for; 0 for an unknown one. */
export function migMillis(profile: string): number {
  return ((placements[profile]?.slices ?? 0) * 1000) / migSlices;
}

/** The memory slices of an instance that begins at `start`, one bit each. */
export function migMask(profile: string, start: number): number {
  const slices = placements[profile]?.slices ?? 0;
  return ((1 << slices) - 1) << start;
}

/** The memory slices that a piece of so many milli-GPUs takes from `start` on, one bit each. */
export function sliceMask(millis: number, start: number): number {
  return ((1 << Math.round((millis * migSlices) / 1000)) - 1) << start;
}

/**
 * Where an instance of the profile can begin on a GPU whose taken slices are the bits of `taken`.
 *
 * Takes the last free start, so that the large profiles, which begin at 0, keep their room.
 * @returns the first slice, or -1 when there is no room.
 */
export function findMigStart(profile: string, taken: number): number {
  const starts = placements[profile]?.starts ?? [];
  for (let index = starts.length - 1; index >= 0; index -= 1) {
    const start = starts[index] ?? 0;
    if ((taken & migMask(profile, start)) === 0) return start;
  }
  return -1;
}
