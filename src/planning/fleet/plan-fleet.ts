import { type Assumption, type Assumptions, type Given, recordAssumptions } from "../assumptions/assumption.ts";
import { type FleetSite, restateFleetErrors, shippedFleet } from "../calibration/apply-fleet-site.ts";
import type { CapacityPlan } from "../capacity/plan-capacity.ts";
import { chooseOffers } from "./choose-offers.ts";
import type { ServerOffer } from "../cost/server-offers.ts";
import { costDefaults, planDefaults } from "../assumptions/defaults.ts";
import { findServer } from "./find-server.ts";
import { fleetErrors } from "./fleet-errors.ts";
import type { FleetPlan, NetworkPlan, ReliabilityPlan } from "./fleet-plan.ts";
import type { Plan } from "../model.ts";
import type { Part } from "../network/network-parts.ts";
import { planAdvice } from "./plan-advice.ts";
import { planCautions } from "./plan-cautions.ts";
import { type CostFacts, collectRates, planCost } from "./plan-cost.ts";
import { planDemand } from "./plan-demand.ts";
import { infeasiblePlan } from "../problems/plan-fault.ts";
import { nodesMax } from "../network/design-fabric.ts";
import { planNetwork } from "./plan-network.ts";
import { planJobReliability, planReliability, planStorage } from "./plan-reliability.ts";
import { refuseContradictions } from "./refuse-contradictions.ts";
import { type PowerPlan, sizePower } from "../power/size-power.ts";
import type { StoragePlan } from "../storage/size-storage.ts";
import { listStorageParts } from "../storage/storage-offers.ts";
import { pricedRun } from "./priced-run.ts";
import { type SizedStages, sizeStages } from "./size-stages.ts";
import { planTrace } from "./plan-trace.ts";
import { exactly } from "../assumptions/uncertain.ts";

/**
 * Plans a whole fleet: capacity, network, storage, power, failures, money and advice.
 *
 * The same plan gives the same answer (chance comes from the plan's seed). The cost model is drawn some thousands of
 * times, which takes most of the time: under two seconds on one core.
 *
 * @param site what a site measured of failures and power, in place of the shipped defaults.
 * @throws {Fault} `planning.plan-invalid`, `planning.plan-contradictory` or `planning.plan-infeasible`; `details.path`
 * names the part of the plan.
 */
export function planFleet(asked: Plan, site: FleetSite = shippedFleet): FleetPlan {
  refuseContradictions(asked);
  const assumptions = recordAssumptions();
  const server = findServer(asked, "fleet.gpu", asked.fleet.gpu);
  noteFallbacks(server, assumptions);
  const { plan, runs, sizings } = sizeStages(asked, server, site, assumptions);
  const months = assumptions.takeOne("horizonMonths", plan.horizonMonths, planDefaults.horizonMonths);
  const offers = chooseOffers(plan, assumptions);
  const counted = countServers(plan, { server, months, sizings, site }, assumptions);
  const { job, capacity, needed, reliability, servers } = counted;
  const gpus = servers * server.gpusPerServer;
  const storage = planStorage(plan, job, assumptions);
  const storageParts = listStorageParts(storage, plan.storage.prices);
  refuseStrangeStorage(sumParts(storageParts.parts), gpus);
  const built = buildHall(plan, { server, servers, storage, storageKw: storageParts.powerKw, site }, assumptions);
  const parts = [serverPart(plan, server, servers), ...built.parts, ...storageParts.parts];
  const facts: CostFacts = {
    server,
    capacity,
    offers,
    networkUsd: sumParts(built.parts),
    storageUsd: sumParts(storageParts.parts),
    gpus,
    provisionedKw: built.power.provisionedKw,
    meanKw: built.power.meanKw,
    spareShare: reliability.spareServersBought / needed,
    availability: reliability.nodeAvailability,
    job,
    stepTimeFactor: built.network.oversubscription.stepTimeFactor,
    run: pricedRun(plan, runs, assumptions),
  };
  const rates = collectRates(plan, facts, assumptions);
  const cost = planCost(plan, facts, rates, assumptions);
  const { advice, errors: adviceErrors } = planAdvice(
    plan,
    {
      server,
      cost,
      rates,
      peaks: capacity.months.map((month) => month.capacityGpus),
      gpus,
      rejectedOffers: offers.rejected,
      bottlenecks: nameBottlenecks(capacity, built.network, built.power, storage.bottleneck, reliability),
    },
    assumptions,
  );
  return {
    name: plan.name,
    startMonth: plan.startMonth,
    gpu: server.gpu,
    gpusPerServer: server.gpusPerServer,
    servers,
    gpusWithSpares: gpus,
    capacity,
    runs,
    trace: planTrace(plan, server, capacity, assumptions),
    network: built.network,
    storage,
    power: built.power,
    reliability,
    cost,
    advice,
    parts,
    fallbacks: withoutRepeats([...(server.fallbacks ?? []), ...sizings.flatMap((each) => each.fallbacks)]),
    cautions: planCautions(plan, server),
    errors: restateFleetErrors(fleetErrors(server, sizings, adviceErrors), site),
    assumptions: [...plan.inferred.map(toAssumption), ...assumptions.list()],
    choices: assumptions.choices(),
  };
}

/** What the fleet's size rests on besides the plan. */
interface FleetGround {
  readonly server: ServerOffer;
  readonly months: number;
  readonly sizings: SizedStages["sizings"];
  readonly site: FleetSite;
}

/** Servers that the demand takes at its peak, and those that keep them whole. */
function countServers(plan: Plan, { server, months, sizings, site }: FleetGround, assumptions: Assumptions) {
  const job = planJobReliability(plan, server, assumptions, site);
  const capacity = planDemand(plan, { server, goodput: job.goodput.share, months, sizings }, assumptions);
  const needed = Math.ceil(capacity.gpusAtPeak / server.gpusPerServer);
  if (needed === 0) throw infeasiblePlan("demand.stages", "no stage asks for a GPU; there is nothing to plan");
  refuseLargerThanFabrics(plan, needed, server);
  const reliability = planReliability(plan, server, needed, job, assumptions);
  return { job, capacity, needed, reliability, servers: needed + reliability.spareServersBought };
}

/** Demand that grows without end is told as such, not as a fabric that cannot be wired. */
function refuseLargerThanFabrics(plan: Plan, servers: number, server: ServerOffer): void {
  if (servers * server.fabricNodes <= nodesMax) return;
  const [gpus, most] = [servers, Math.floor(nodesMax / server.fabricNodes)].map((count) =>
    (count * server.gpusPerServer).toLocaleString("en-US"),
  );
  const isStated = servers * server.gpusPerServer === plan.fleet.gpus;
  const [path, what, less] = isStated
    ? ["fleet.gpus", "the fleet is stated at", "ask for fewer"]
    : ["demand.stages", "the demand comes to", "ask for less growth or a shorter horizon"];
  throw infeasiblePlan(path, `${what} ${gpus} GPUs; one fabric joins ${most} of them at most: ${less}`);
}

/** Storage for one GPU that costs more than twenty servers is a slip of a unit. */
const storageUsdPerGpuMost = 1e6;

function refuseStrangeStorage(usd: number, gpus: number): void {
  if (usd <= storageUsdPerGpuMost * gpus) return;
  const [all, fleet] = [usd, gpus].map((count) => count.toLocaleString("en-US", { maximumFractionDigits: 0 }));
  throw infeasiblePlan(
    "storage",
    `the storage comes to $${all} for ${fleet} GPUs; check the units of its sizes and rates`,
  );
}

/** The last fallback of a server is of its price, one before it of the GPU itself. */
function noteFallbacks({ fallbacks = [] }: ServerOffer, assumptions: Assumptions): void {
  for (const [at, { taken, words }] of fallbacks.entries()) {
    assumptions.note(at === fallbacks.length - 1 ? "accelerators" : "fleet.gpu", taken, words);
  }
}

/** Stages on one server, or of one model, rest on the same. */
function withoutRepeats(fallbacks: FleetPlan["fallbacks"]): FleetPlan["fallbacks"] {
  return [...new Map(fallbacks.map((each) => [each.words, each])).values()];
}

/** What was read from the platform is one source. */
function toAssumption({ path, value, unit, source }: Plan["inferred"][number]): Assumption {
  return { path, ...exactly(value), unit, source, confidence: "B" };
}

interface Hall {
  readonly network: NetworkPlan;
  readonly power: PowerPlan;
  readonly parts: readonly Part[];
}

/** What stands in a hall. */
interface HallGround {
  readonly server: ServerOffer;
  readonly servers: number;
  readonly storage: StoragePlan;
  readonly storageKw: number;
  readonly site: FleetSite;
}

/** Network, power and racks: racks decide the cables, switches decide the power. */
function buildHall(
  plan: Plan,
  { server, servers, storage, storageKw, site }: HallGround,
  assumptions: Assumptions,
): Hall {
  const asked = plan.facility;
  const take = (name: "busyShare" | "idleShare" | "rackKw" | "rackUnits"): number =>
    assumptions.takeOne(`facility.${name}`, asked[name], { ...planDefaults, ...site }[name]);
  const rackKw = Math.max(take("rackKw"), asked.rackKw === undefined ? server.serverRatedKw : 0);
  const power = {
    servers,
    serverRatedKw: server.serverRatedKw,
    busyShare: take("busyShare"),
    idleShare: take("idleShare"),
    utilisation: likeliest(plan.cost.utilisation, costDefaults.utilisation.mode),
    storageKw,
    pue: likeliest(plan.cost.pue, costDefaults.pue.mode),
    rackKw,
    rackUnits: take("rackUnits"),
    serverUnits: server.serverUnits,
  };
  const racks = sizePower({ ...power, networkKw: 0, switches: 0 });
  const { network, parts } = planNetwork(
    plan,
    { server, servers, serverRacks: racks.serverRacks, storage },
    assumptions,
  );
  return { network, parts, power: sizePower({ ...power, networkKw: network.powerKw, switches: network.switches }) };
}

/** The likeliest value of a figure that the plan may have given. */
function likeliest(given: Given, fallback: number): number {
  if (given === undefined) return fallback;
  return typeof given === "number" ? given : given.mode;
}

function serverPart(plan: Plan, server: ServerOffer, servers: number): Part {
  const given = plan.cost.serverUsdPerGpu ?? server.serverUsdPerGpu;
  const { low, mode, high } = typeof given === "number" ? exactly(given) : given;
  const unitUsd = mode * server.gpusPerServer;
  return {
    group: "compute",
    name: `server with ${server.gpusPerServer} x ${server.gpu}`,
    count: servers,
    unitUsd,
    totalUsd: servers * unitUsd,
    source: plan.cost.serverUsdPerGpu === undefined ? server.source : "cost.serverUsdPerGpu of the plan",
    unitUsdBounds: { low: low * server.gpusPerServer, high: high * server.gpusPerServer },
  };
}

function sumParts(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + part.totalUsd, 0);
}

function nameBottlenecks(
  capacity: CapacityPlan,
  network: NetworkPlan,
  power: PowerPlan,
  storage: string,
  reliability: ReliabilityPlan,
): readonly string[] {
  const { oversubscription } = network;
  const lost = ((1 - reliability.job.share) * 100).toFixed(1);
  return [
    `capacity: ${capacity.bottleneck}`,
    `network: ${oversubscription.stepTimeFactor > 1.001 ? `steps take ${oversubscription.stepTimeFactor.toFixed(2)} times as long` : "does not slow a step"} (${network.fabric.why})`,
    `storage: ${storage}`,
    `racks: ${power.rackLimit} keeps a rack at ${power.serversPerRack} ${power.serversPerRack === 1 ? "server" : "servers"}`,
    `failures: the largest job loses ${lost} % of its time`,
  ];
}
