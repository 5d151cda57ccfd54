/** Which member of a gang a program is, and how the first one is reached. */
export interface GangMember {
  /** From 0. */
  readonly rank: number;
  readonly master: string;
  /** The address under which others reach this member; null: it is alone on its machine, loopback will do. */
  readonly address: string | null;
}

const loopback = "127.0.0.1";

/**
 * Reads a member's place from its environment: Millwright's own names, else those of Slurm (`SLURM_PROCID`, the first host of the job
 * as `MASTER_ADDR`) and of an indexed job of Kubernetes (`JOB_COMPLETION_INDEX`).
 *
 * @param nodes members of the gang; alone, a member needs no names.
 * @returns undefined when the gang has several members and the environment does not say which this one is.
 */
export function gangMember(
  nodes: number,
  environment: Readonly<Record<string, string | undefined>>,
): GangMember | undefined {
  const address = environment["MILLWRIGHT_NODE_ADDRESS"] ?? null;
  if (nodes === 1) return { rank: 0, master: loopback, address };
  const found = environment["MILLWRIGHT_RANK"] ?? environment["SLURM_PROCID"] ?? environment["JOB_COMPLETION_INDEX"];
  const master = environment["MASTER_ADDR"];
  const rank = Number(found);
  if (found === undefined || master === undefined || !Number.isInteger(rank) || rank < 0 || rank >= nodes) return;
  return { rank, master, address: address ?? (rank === 0 ? master : null) };
}
