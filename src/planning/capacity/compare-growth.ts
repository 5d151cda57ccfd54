import { requirePositive } from "../problems/plan-fault.ts";

/** A kind of server that could carry the growth. */
export interface GrowthOption {
  readonly gpu: string;
  readonly gpusPerServer: number;
  /** Work of one GPU in a second, in the plan's own unit (tokens, images). */
  readonly perGpuPerSecond: number;
  readonly usdPerGpuHour: number;
  readonly serverRatedKw: number;
  readonly rackKw: number;
}

/** One way to carry the load that is to come. */
export interface GrowthPath {
  readonly kind: "horizontal" | "vertical";
  readonly gpu: string;
  readonly servers: number;
  readonly gpus: number;
  readonly powerKw: number;
  readonly racks: number;
  readonly usdPerMonth: number;
  readonly why: string;
}

const hoursPerMonth = 730;

/**
 * Compares more of the same GPU (horizontal) with replacing all by a larger one (vertical), for the same work a second;
 * cheapest first.
 *
 * @param current what the fleet has; its own figures make the horizontal path.
 * @throws {Fault} `planning.plan-invalid` for rates that are not above zero.
 */
export function compareGrowth(
  workPerSecond: number,
  current: GrowthOption,
  others: readonly GrowthOption[],
): readonly GrowthPath[] {
  requirePositive("workloads.rate", workPerSecond);
  const horizontal = toPath("horizontal", workPerSecond, current, current);
  const vertical = others
    .filter((option) => option.gpu !== current.gpu)
    .map((option) => toPath("vertical", workPerSecond, option, current));
  return [horizontal, ...vertical].sort((left, right) => left.usdPerMonth - right.usdPerMonth);
}

function toPath(kind: GrowthPath["kind"], work: number, option: GrowthOption, current: GrowthOption): GrowthPath {
  requirePositive(`workloads.throughput.${option.gpu}`, option.perGpuPerSecond);
  requirePositive(`accelerators.${option.gpu}.usdPerGpuHour`, option.usdPerGpuHour);
  const servers = Math.max(1, Math.ceil(work / option.perGpuPerSecond / option.gpusPerServer - 1e-9));
  const gpus = servers * option.gpusPerServer;
  const speed = option.perGpuPerSecond / current.perGpuPerSecond;
  const price = option.usdPerGpuHour / current.usdPerGpuHour;
  const isSame = option.gpu === current.gpu;
  return {
    kind,
    gpu: option.gpu,
    servers,
    gpus,
    powerKw: servers * option.serverRatedKw,
    racks: Math.ceil(servers / Math.max(1, Math.floor(option.rackKw / option.serverRatedKw))),
    usdPerMonth: gpus * option.usdPerGpuHour * hoursPerMonth,
    why: isSame
      ? `more ${option.gpu}: nothing changes but the count`
      : `${option.gpu} does ${speed.toFixed(2)} times the work at ${price.toFixed(2)} times the price of ${current.gpu}`,
  };
}
