import type { AskedAccelerator } from "../questions/asked-accelerator.ts";
import { type OwnAccelerator, parseAccelerators } from "../catalog/own-accelerator.ts";
import { spellAccelerator } from "../catalog/find-accelerator.ts";
import type { ServerOffer } from "../cost/server-offers.ts";
import type { Plan } from "../model.ts";
import { parseRate } from "../network/link-rate.ts";
import { parseSize } from "../../base/units.ts";
import { atStage } from "./stage-fault.ts";

type OwnServer = Plan["accelerators"][number];

/** A memory that is not the catalog's: makers round by less. */
const memoryTolerance = 0.02;

/** A server as questions of `size` name its accelerator, with what the plan says of it. */
export function askedOf({ gpu, computes }: Pick<ServerOffer, "gpu" | "computes">): AskedAccelerator {
  return { accelerator: gpu, ...(computes === undefined ? {} : { ownAccelerators: [computes] }) };
}

/** Makers count memory in powers of two and write GB: 80GB and 80GiB are the same card. */
export function makersGigabytes(size: string): number {
  return parseSize(size) / (size.endsWith("iB") ? 2 ** 30 : 1e9);
}

/**
 * What a server of the plan's own computes, as an accelerator of a question; undefined where the catalog's entry of that name
 * says all of it, or where neither the plan nor the catalog does.
 *
 * @throws {Fault} `planning.catalog-invalid` or `planning.accelerator-unknown`, with the place in the plan.
 */
export function computesOf(path: string, server: OwnServer): OwnAccelerator | undefined {
  const memoryGb = makersGigabytes(server.memory);
  const { computes } = server;
  if (computes === undefined) return knownWithMemory(server.gpu, memoryGb);
  const { like, memoryBandwidth, fastLinks, ...rates } = computes;
  const own = {
    name: server.gpu,
    memoryGb,
    ...rates,
    ...(like === undefined ? {} : { like }),
    ...(memoryBandwidth === undefined
      ? {}
      : { memoryGbPerSecond: parseRate(`${path}.computes.memoryBandwidth`, memoryBandwidth) }),
    ...(fastLinks === undefined
      ? {}
      : {
          scaleUpGbPerSecond: parseRate(`${path}.computes.fastLinks`, fastLinks),
          scaleUpGpus: server.gpusPerServer,
        }),
  };
  const [whole] = atStage(
    () => `${path}.computes`,
    () => parseAccelerators([own]),
  );
  // Fast links end where the server does, wherever those of its relative end.
  const isWider = (whole?.value.scaleUpGpus ?? 0) > server.gpusPerServer;
  return isWider ? { ...own, scaleUpGpus: server.gpusPerServer } : own;
}

/** The catalog's entry with the memory of the plan, where the two differ. */
function knownWithMemory(gpu: string, memoryGb: number): OwnAccelerator | undefined {
  const known = spellAccelerator(gpu);
  if (known === undefined || known.unread.length > 0) return undefined;
  const { accelerator } = known;
  if (Math.abs(memoryGb / accelerator.memoryGb - 1) <= memoryTolerance) return undefined;
  return { ...accelerator, memoryGb };
}
