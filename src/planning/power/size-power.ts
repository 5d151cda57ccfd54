import {
  infeasiblePlan,
  requireCount,
  requireKilowatts,
  requirePositive,
  requireWithin,
} from "../problems/plan-fault.ts";

/** What draws power, and the room that it stands in. Kilowatts throughout. */
export interface PowerAsk {
  readonly servers: number;
  /** Nameplate power of one server. */
  readonly serverRatedKw: number;
  /** Power at work over nameplate, 0..1: 0.76 measured on HGX H100 nodes (arXiv 2506.14551), 0.82 at most. */
  readonly busyShare: number;
  /** Power without work over nameplate, 0..1. */
  readonly idleShare: number;
  /** Share of the time at work, 0..1. */
  readonly utilisation: number;
  readonly networkKw: number;
  readonly storageKw: number;
  /** Power of the building over that of the equipment, at least 1. */
  readonly pue: number;
  /** Power that one rack may draw. */
  readonly rackKw: number;
  /** Height of one rack and of one server, in rack units. */
  readonly rackUnits: number;
  readonly serverUnits: number;
  readonly switches: number;
}

/** Power twice: what the contract must hold, and what the meter will count. */
export interface PowerPlan {
  /** Equipment at nameplate: what breakers and a colocation contract must hold. */
  readonly provisionedKw: number;
  /** Mean draw of the equipment. */
  readonly meanKw: number;
  /** Mean draw of the building: mean times PUE. */
  readonly facilityKw: number;
  readonly megawattHoursPerYear: number;
  readonly serversPerRack: number;
  readonly serverRacks: number;
  readonly networkRacks: number;
  readonly racks: number;
  /** What keeps a rack from holding one more server. */
  readonly rackLimit: "power" | "height";
}

const hoursPerYear = 8760;
/** Rack units of one switch with its cabling, and of one storage or management rack's share. */
const switchUnits = 2;

/**
 * Sizes power and racks.
 *
 * @throws {Fault} `planning.plan-invalid` for figures out of bounds, `planning.plan-infeasible` when one server draws
 * more than a rack may.
 */
export function sizePower(ask: PowerAsk): PowerPlan {
  check(ask);
  const byPower = Math.floor(ask.rackKw / ask.serverRatedKw);
  const byHeight = Math.floor(ask.rackUnits / ask.serverUnits);
  const serversPerRack = Math.min(byPower, byHeight);
  if (serversPerRack === 0) {
    const path = byHeight === 0 ? "facility.rackUnits" : "facility.rackKw";
    const message = `a rack of ${ask.rackKw} kW and ${ask.rackUnits} units holds no server of ${ask.serverRatedKw} kW and ${ask.serverUnits} units; raise ${path}`;
    throw infeasiblePlan(path, message);
  }
  const serverRacks = Math.ceil(ask.servers / serversPerRack);
  const byKw = Math.ceil((ask.networkKw + ask.storageKw) / ask.rackKw);
  const networkRacks = Math.max(byKw, Math.ceil((ask.switches * switchUnits) / ask.rackUnits));
  const share = ask.utilisation * ask.busyShare + (1 - ask.utilisation) * ask.idleShare;
  const serversKw = ask.servers * ask.serverRatedKw;
  const meanKw = serversKw * share + ask.networkKw + ask.storageKw;
  const facilityKw = meanKw * ask.pue;
  return {
    provisionedKw: serversKw + ask.networkKw + ask.storageKw,
    meanKw,
    facilityKw,
    megawattHoursPerYear: (facilityKw * hoursPerYear) / 1000,
    serversPerRack,
    serverRacks,
    networkRacks,
    racks: serverRacks + networkRacks,
    rackLimit: byPower <= byHeight ? "power" : "height",
  };
}

function check(ask: PowerAsk): void {
  requireCount("fleet.servers", ask.servers);
  requirePositive("facility.serverRatedKw", ask.serverRatedKw);
  requireWithin("facility.busyShare", ask.busyShare, 0, 1);
  requireWithin("facility.idleShare", ask.idleShare, 0, ask.busyShare);
  requireWithin("cost.utilisation", ask.utilisation, 0, 1);
  requireWithin("cost.pue", ask.pue, 1, 3);
  requirePositive("facility.rackKw", ask.rackKw);
  requireKilowatts("facility.rackKw", ask.rackKw);
  requireWithin("facility.rackUnits", ask.rackUnits, 1, 1000);
  requirePositive("facility.serverUnits", ask.serverUnits);
}
