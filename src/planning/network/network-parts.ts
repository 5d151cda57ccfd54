import type { Fabric } from "./design-fabric.ts";
import type { SwitchModel } from "./switch-model.ts";

/** One line of a bill of materials. */
export interface Part {
  readonly group: "compute" | "compute network" | "storage network" | "management network" | "storage" | "power";
  readonly name: string;
  readonly count: number;
  readonly unitUsd: number;
  readonly totalUsd: number;
  readonly source: string;
  /** What the price may be at least and at most, where that is believed to be known. */
  readonly unitUsdBounds?: { readonly low: number; readonly high: number };
}

/** What one link of 400 Gb/s costs. Reproduces 10,560 / 20,480 / 30,400 USD per 8-port node in 1, 2 and 3 levels. */
export interface LinkPrices {
  /** Direct copper, up to 3 m, per cable. */
  readonly copperUsd: number;
  /** Fibre with its connectors, per cable. */
  readonly fibreUsd: number;
  /** Transceiver on the node's side. */
  readonly nodeTransceiverUsd: number;
  /** Transceiver on a switch, two ports in a twin-port cage. */
  readonly switchTransceiverUsd: number;
}

const linkSource = "tech-talk-cto H100 sheet 2024-08: 10,560 USD a node in 1 level, +9,920 a level; split here";

/** Transceivers are sold by their rate: one of another rate costs in proportion (assumption; 100 Gb/s street prices agree). */
const priceAt = (usdAt400: number, gigabits: number): number => Math.round((usdAt400 * gigabits) / 400);

/** Link prices in US dollars; the split between fibre and transceivers is ours, the sum is the sheet's. */
export const linkPrices: LinkPrices = {
  copperUsd: 180,
  fibreUsd: 140,
  nodeTransceiverUsd: 630,
  switchTransceiverUsd: 1100,
};

/** Cables and transceivers of a fabric, every cable with two ends. */
export interface Links {
  readonly copperCables: number;
  readonly fibreCables: number;
  readonly nodeTransceivers: number;
  readonly switchTransceivers: number;
}

/**
 * Counts cables and transceivers: node to leaf in copper when every node stands within reach of its switch, all else
 * in fibre with a transceiver at both ends. A transceiver of a switch serves `portsPerTransceiver` ports.
 */
export function countLinks(fabric: Fabric, model: SwitchModel, nodeCable: "copper" | "fibre"): Links {
  const between = fabric.leafSpineCables + fabric.spineCoreCables;
  const isCopper = nodeCable === "copper";
  const portsLit = 2 * between + (isCopper ? 0 : fabric.nodeLeafCables);
  return {
    copperCables: isCopper ? fabric.nodeLeafCables : 0,
    fibreCables: between + (isCopper ? 0 : fabric.nodeLeafCables),
    nodeTransceivers: isCopper ? 0 : fabric.nodeLeafCables,
    switchTransceivers: Math.ceil(portsLit / model.portsPerTransceiver),
  };
}

/** Bill of materials of one fabric; `planes` equal fabrics stand side by side. */
export function listFabricParts(
  group: Part["group"],
  fabric: Fabric,
  model: SwitchModel,
  links: Links,
  planes = 1,
): readonly Part[] {
  const line = (name: string, count: number, unitUsd: number, source: string): Part => {
    return { group, name, count: count * planes, unitUsd, totalUsd: count * planes * unitUsd, source };
  };
  const { portRate: rate, portsPerTransceiver: ports } = model;
  const optics = rate === 400 ? linkSource : `${linkSource}; in proportion to the rate`;
  const level = (name: string, count: number): Part =>
    line(`${model.name} ${name} switch`, count, model.priceUsd, model.source);
  return [
    level("leaf", fabric.leaves),
    level("spine", fabric.spines),
    level("core", fabric.cores),
    line("copper cable", links.copperCables, linkPrices.copperUsd, "assumed street price of direct-attach copper"),
    line("fibre cable", links.fibreCables, linkPrices.fibreUsd, linkSource),
    line("transceiver, node side", links.nodeTransceivers, priceAt(linkPrices.nodeTransceiverUsd, rate), optics),
    line(
      `transceiver, switch side (${ports === 1 ? "1 port" : `${ports} ports`})`,
      links.switchTransceivers,
      priceAt(linkPrices.switchTransceiverUsd, (rate * ports) / 2),
      optics,
    ),
  ].filter((part) => part.count > 0);
}
