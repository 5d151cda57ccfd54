import { isFault } from "../../base/fault.ts";
import type { Given } from "../assumptions/assumption.ts";
import { suggestNames } from "../catalog/suggest-names.ts";
import type { Accelerator } from "../catalog/accelerator.ts";
import type { Resolved } from "../catalog/fallback.ts";
import { misspelledAccelerator } from "../catalog/find-accelerator.ts";
import { resolveAccelerator } from "../catalog/resolve-accelerator.ts";
import { guessServer } from "../cost/guess-server.ts";
import { type ServerOffer, serverOffers } from "../cost/server-offers.ts";
import type { Plan } from "../model.ts";
import { gigabits, parseRate, toGigabits } from "../network/link-rate.ts";
import { invalidPlan, requireCount, requireKilowatts, requirePositive, requireWithin } from "../problems/plan-fault.ts";
import { computesOf, makersGigabytes } from "./server-computes.ts";
import { checkUncertain, exactly, type Uncertain } from "../assumptions/uncertain.ts";

/** Power that a hall provisions over a server's nameplate, when nothing better is known: 1.73 / 1.275 on H100. */
const allInFactor = 1.3;

/** Every server that the plan may use: its own first, then the catalog's. */
export function listServers(plan: Plan): readonly ServerOffer[] {
  const own = plan.accelerators.map((each, index) => toServer(`accelerators[${index}]`, each));
  const names = new Set(own.map((each) => each.gpu));
  return [...own, ...serverOffers.filter((offer) => !names.has(offer.gpu))];
}

/**
 * The server with this GPU; spellings that the catalog of accelerators knows will do: `H100` is `H100-SXM`. A GPU whose servers
 * have no price, or that only its name tells of, is priced as its nearest relative, with the fallback named.
 *
 * @throws {Fault} `planning.plan-invalid` naming the GPUs that are known, where nothing can be concluded from the name.
 */
export function findServer(plan: Plan, path: string, gpu: string): ServerOffer {
  const servers = listServers(plan);
  const own = servers.find((each) => each.gpu === gpu);
  if (own !== undefined) return own;
  const { value, fallback } = nameGpu(path, gpu, servers);
  const known = fallback === undefined ? servers.find((each) => each.gpu === value.name) : undefined;
  return known ?? guessServer(value, { name: value.name, fallback });
}

/** The accelerator that a GPU's name stands for; a name that tells nothing is refused with the names that do. */
function nameGpu(path: string, gpu: string, servers: readonly ServerOffer[]): Resolved<Accelerator> {
  try {
    return resolveAccelerator(gpu);
  } catch (error) {
    if (!isFault(error)) throw error;
    const names = servers.map((each) => each.gpu);
    const meant = misspelledAccelerator(gpu) ?? suggestNames(gpu, names)[0];
    const hint = meant === undefined ? "" : ` (did you mean ${meant}?)`;
    throw invalidPlan(
      path,
      `a GPU of the catalog (${names.join(", ")}), or one with your prices under accelerators${hint}`,
      gpu,
    );
  }
}

/** GPUs that share one server, or a rack that is one. */
const gpusPerServerMost = 1024;

function toServer(path: string, each: Plan["accelerators"][number]): ServerOffer {
  requireCount(`${path}.gpusPerServer`, each.gpusPerServer, 1);
  requireWithin(`${path}.gpusPerServer`, each.gpusPerServer, 1, gpusPerServerMost);
  requirePositive(`${path}.serverRatedKw`, each.serverRatedKw);
  requireKilowatts(`${path}.serverRatedKw`, each.serverRatedKw);
  requirePositive(`${path}.serverUnits`, each.serverUnits);
  requireCount(`${path}.rails`, each.rails, 1);
  requirePositive(`${path}.memory`, makersGigabytes(each.memory));
  const computes = computesOf(path, each);
  return {
    gpu: each.gpu,
    gpusPerServer: each.gpusPerServer,
    serverUsdPerGpu: toTriple(`${path}.serverUsdPerGpu`, each.serverUsdPerGpu),
    rentUsdPerGpuHour: toTriple(`${path}.rentUsdPerGpuHour`, each.rentUsdPerGpuHour),
    serverRatedKw: each.serverRatedKw,
    allInKwPerGpu: (each.serverRatedKw / each.gpusPerServer) * allInFactor,
    serverUnits: each.serverUnits,
    memoryGigabytes: makersGigabytes(each.memory),
    railGigabits: gigabits(toGigabits(parseRate(`${path}.portRate`, each.portRate))),
    rails: each.rails,
    fabricNodes: 1,
    ...(computes === undefined ? {} : { computes }),
    confidence: "B",
    source: "given in the plan",
  };
}

function toTriple(path: string, given: Exclude<Given, undefined>): Uncertain {
  const value = typeof given === "number" ? exactly(given) : checkUncertain(path, given);
  requirePositive(path, value.low);
  return value;
}
