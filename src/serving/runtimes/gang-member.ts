/** Which member of a gang a program is, and how the first one is reached. */
export interface GangMember {
  /** From 0. */
  readonly rank: number;
  readonly master: string;
  /** The port at the first one where the members meet. */
  readonly masterPort: number;
  /** The address under which others reach this member; null: it is alone on its machine, loopback will do. */
  readonly address: string | null;
}

const loopback = "127.0.0.1";

/** Where members meet unless their environment says otherwise: the port that `torchrun` takes. */
const usualPort = 29_500;

/**
 * Reads a member's place from its environment: Millwright's own names, else those of `torchrun` (`RANK`), of Slurm (`SLURM_PROCID`, the first host of the job
 * as `MASTER_ADDR`, with `MASTER_PORT` where several gangs may share a machine) and of an indexed job of Kubernetes (`JOB_COMPLETION_INDEX`).
 *
 * @param nodes members of the gang; alone, a member needs no names.
 * @returns undefined when the gang has several members and the environment does not say which this one is.
 */
export function gangMember(
  nodes: number,
  environment: Readonly<Record<string, string | undefined>>,
): GangMember | undefined {
  const address = environment["MILLWRIGHT_NODE_ADDRESS"] ?? null;
  if (nodes === 1) return { rank: 0, master: loopback, masterPort: usualPort, address };
  const names = ["MILLWRIGHT_RANK", "RANK", "SLURM_PROCID", "JOB_COMPLETION_INDEX"];
  const found = names.map((name) => environment[name]).find((value) => value !== undefined);
  const master = environment["MASTER_ADDR"];
  const rank = Number(found);
  const masterPort = Number(environment["MASTER_PORT"] ?? usualPort);
  if (found === undefined || master === undefined || !Number.isInteger(rank) || rank < 0 || rank >= nodes) return;
  return { rank, master, masterPort, address: address ?? (rank === 0 ? master : null) };
}
