import { isFault } from "../../base/fault.ts";
import { type Assumptions, recordAssumptions } from "../assumptions/assumption.ts";
import type { ServerOffer } from "../cost/server-offers.ts";
import { planDefaults } from "../assumptions/defaults.ts";
import type { NetworkAlternative, NetworkPlan } from "./fleet-plan.ts";
import type { Plan } from "../model.ts";
import { designFabric, type Fabric, type FabricAsk } from "../network/design-fabric.ts";
import type { GigabitsPerSecond } from "../catalog/quantities.ts";
import { gigabits, gigabytes, parseRate, toGigabits } from "../network/link-rate.ts";
import { countLinks, listFabricParts, type Part } from "../network/network-parts.ts";
import { priceOversubscription } from "../network/oversubscription-price.ts";
import type { SwitchModel } from "../network/switch-model.ts";
import { defaultTopology, type StorageFabric, storageFabric } from "../network/storage-fabric.ts";
import { chooseSwitch } from "./plan-switch.ts";
import type { StoragePlan } from "../storage/size-storage.ts";

/** Ports of one management switch and what it costs; every server, switch and rack has a port. */
const managementPorts = 48;
const managementUsd = 4000;
const managementKw = 0.15;

/** Copper reaches three metres: a few racks side by side. */
const copperRacksMax = 2;

/** What a hall's network joins. */
export interface NetworkGround {
  readonly server: ServerOffer;
  readonly servers: number;
  /** Racks of servers: they decide between copper and fibre. */
  readonly serverRacks: number;
  readonly storage: StoragePlan;
}

/**
 * The fabric between servers, the one to the storage, and the management network, with their parts. One server has no other to be
 * joined to, and a plan that stores nothing needs no network for it: neither is bought then.
 */
export function planNetwork(
  plan: Plan,
  { server, servers, serverRacks, storage: stored }: NetworkGround,
  assumptions: Assumptions,
): { readonly network: NetworkPlan; readonly parts: readonly Part[] } {
  const asked = plan.network;
  const isAlone = needsNoFabric(plan, servers);
  // Of a fabric that is not bought nothing is assumed.
  const ofFabric = isAlone ? recordAssumptions() : assumptions;
  const { ask, rate, model } = askFabric(plan, server, servers, ofFabric);
  const fabric = isAlone ? noFabric(designFabric(ask)) : designFabric(ask);
  const cable =
    asked.nodeCable ?? note(assumptions, "network.nodeCable", serverRacks <= copperRacksMax ? "copper" : "fibre");
  const links = countLinks(fabric, model, cable);
  const exposed = take(ofFabric, "exposedShare", asked.exposedShare);
  const exchange = asked.exchange ?? note(ofFabric, "network.exchange", "ring");
  const storage = planStorageFabric(
    stored,
    { servers, cable, compute: isAlone ? undefined : { fabric, model } },
    assumptions,
  );
  const computeSwitches = fabric.leaves + fabric.spines + fabric.cores;
  const management = managementPart(servers, computeSwitches + storage.switches);
  const network: NetworkPlan = {
    fabric: { ...fabric, leafPortsFree: fabric.leafPortsFree - storage.portsShared },
    links,
    switchName: model.name,
    portGigabits: rate,
    switches: computeSwitches + storage.switches + management.count,
    powerKw: computeSwitches * model.powerKw + storage.powerKw + management.count * managementKw,
    oversubscription: priceOversubscription(fabric, exchange, exposed),
    alternatives: isAlone ? [] : listAlternatives(ask, model, cable, exposed),
  };
  return {
    network,
    parts: [...listFabricParts("compute network", fabric, model, links), ...storage.parts, management],
  };
}

/** What the fabric must join, and the switch that joins it: as the plan says, else as such servers usually are. */
function askFabric(
  plan: Plan,
  server: ServerOffer,
  servers: number,
  assumptions: Assumptions,
): { readonly ask: FabricAsk; readonly rate: GigabitsPerSecond; readonly model: SwitchModel } {
  const asked = plan.network;
  const rate = portRate(plan, server, assumptions);
  const rails = asked.rails ?? server.rails;
  if (asked.rails === undefined)
    assumptions.note("network.rails", `${rails}`, `fabric ports of a ${server.gpu} server`);
  const nodes = servers * server.fabricNodes;
  const oversubscription = take(assumptions, "oversubscription", asked.oversubscription);
  const askOf = (radix: number): FabricAsk => ({
    topology: asked.topology ?? defaultTopology(rails, nodes, radix),
    nodes,
    rails,
    radix,
    oversubscription,
    ...(asked.levels === undefined ? {} : { levels: asked.levels }),
    ...(asked.nodesPerUnit === undefined ? {} : { nodesPerUnit: asked.nodesPerUnit }),
  });
  const model = chooseSwitch(plan, server, rate, (each) => tryFabric(askOf(each.radix)) !== undefined, assumptions);
  const ask = askOf(model.radix);
  if (asked.topology === undefined) note(assumptions, "network.topology", ask.topology);
  return { ask, rate, model };
}

/** One server alone, whose fabric the plan does not ask for by its switch or its shape. */
function needsNoFabric({ network }: Plan, servers: number): boolean {
  return servers === 1 && [network.switch, network.topology, network.levels].every((each) => each === undefined);
}

function noFabric(fabric: Fabric): Fabric {
  const none = { leaves: 0, spines: 0, cores: 0, nodeLeafCables: 0, leafSpineCables: 0, spineCoreCables: 0 };
  const free = { leafPortsFree: 0, spinePortsFree: 0, corePortsFree: 0 };
  const why = "one server has no other to be joined to";
  return { ...fabric, ...none, ...free, levels: 1, nodesPerLeafGroup: fabric.nodes, oversubscription: 1, why };
}

const noStorageFabric: StorageFabric = { parts: [], switches: 0, powerKw: 0, portsShared: 0, storageServers: 0 };

function planStorageFabric(
  { tiers }: StoragePlan,
  joined: Omit<Parameters<typeof storageFabric>[0], "rate">,
  assumptions: Assumptions,
): StorageFabric {
  if (tiers.length === 0) {
    assumptions.note("storage", "none", "the plan stores nothing: neither storage nor a network to it is bought");
    return noStorageFabric;
  }
  const rate = Math.max(...tiers.map(({ read, write }) => Math.max(read, write)));
  const fabric = storageFabric({ ...joined, rate: gigabytes(rate) });
  const words = `storage servers on the storage network, 20 GB/s each; two ports of 100 Gb/s on every machine`;
  assumptions.note("storage.network", String(fabric.storageServers), words);
  return fabric;
}

/** Oversubscriptions that are put beside the one chosen. */
const alternativesTried = [1, 2, 4] as const;

function listAlternatives(
  ask: FabricAsk,
  model: SwitchModel,
  cable: "copper" | "fibre",
  exposed: number,
): readonly NetworkAlternative[] {
  const tried = ask.topology === "fat-tree" ? ([1] as const) : alternativesTried;
  return tried.flatMap((oversubscription) => {
    const fabric = tryFabric({ ...ask, oversubscription });
    if (fabric === undefined) return [];
    const parts = listFabricParts("compute network", fabric, model, countLinks(fabric, model, cable));
    return [
      {
        oversubscription,
        usd: parts.reduce((sum, part) => sum + part.totalUsd, 0),
        ringStepFactor: priceOversubscription(fabric, "ring", exposed).stepTimeFactor,
        allToAllStepFactor: priceOversubscription(fabric, "all-to-all", exposed).stepTimeFactor,
      },
    ];
  });
}

/** A fabric that cannot be built is no alternative. */
function tryFabric(ask: FabricAsk): Fabric | undefined {
  try {
    return designFabric(ask);
  } catch (error) {
    if (isFault(error)) return undefined;
    throw error;
  }
}

/** Every server has two management ports, every switch one. */
function managementPart(servers: number, switches: number): Part {
  const count = Math.ceil((servers * 2 + switches) / managementPorts);
  return {
    group: "management network",
    name: `${managementPorts}-port management switch`,
    count,
    unitUsd: managementUsd,
    totalUsd: count * managementUsd,
    source: "assumed street price",
  };
}

function take(assumptions: Assumptions, name: "oversubscription" | "exposedShare", given: number | undefined): number {
  return assumptions.takeOne(`network.${name}`, given, planDefaults[name]);
}

function note<Choice extends string>(assumptions: Assumptions, path: string, choice: Choice): Choice {
  assumptions.note(path, choice, "chosen by the planner");
  return choice;
}

function portRate(plan: Plan, server: ServerOffer, assumptions: Assumptions): GigabitsPerSecond {
  if (plan.network.portRate !== undefined) return toGigabits(parseRate("network.portRate", plan.network.portRate));
  assumptions.note("network.portRate", `${server.railGigabits} Gb/s`, `fabric ports of a ${server.gpu} server`);
  return gigabits(server.railGigabits);
}
