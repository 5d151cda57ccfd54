import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isFault } from "../../base/fault.ts";
import { designFabric, type Fabric, type FabricAsk } from "./design-fabric.ts";
import { byteRateOf } from "../catalog/quantities.ts";
import { gigabits, gigabytes, parseRate, toGigabits } from "./link-rate.ts";
import { countLinks, listFabricParts } from "./network-parts.ts";
import { priceOversubscription } from "./oversubscription-price.ts";
import { splitPorts, switchModels } from "./switch-model.ts";

const railFabric = (nodes: number, radix = 64) =>
  designFabric({ topology: "rail-optimised", nodes, rails: 8, radix, oversubscription: 1 });

const switchNamed = (name: string) => {
  const model = switchModels.find((each) => each.name === name);
  if (model === undefined) throw new Error(`no switch ${name}`);
  return model;
};

const asks: fc.Arbitrary<FabricAsk> = fc.record({
  topology: fc.constantFrom("rail-optimised", "leaf-spine"),
  nodes: fc.integer({ min: 1, max: 3000 }),
  rails: fc.integer({ min: 1, max: 16 }),
  radix: fc.constantFrom(32, 40, 64, 128, 144),
  oversubscription: fc.constantFrom(1, 1.5, 2, 3, 4),
});

function tryDesign(ask: FabricAsk): Fabric | undefined {
  try {
    return designFabric(ask);
  } catch (error) {
    if (isFault(error, "planning.plan-infeasible")) return undefined;
    throw error;
  }
}

test("eight nodes of eight ports fit one 64-port switch without any uplink", () => {
  expect(railFabric(8)).toMatchObject({ levels: 1, leaves: 1, spines: 0, nodeLeafCables: 64, leafPortsFree: 0 });
});

test("two levels of 64-port switches are full at 256 nodes of eight ports, and one more node needs a third level", () => {
  expect(railFabric(256)).toMatchObject({
    levels: 2,
    leaves: 64,
    spines: 32,
    leafSpineCables: 2048,
    spinePortsFree: 0,
  });
  expect(railFabric(257).levels).toBe(3);
});

test("three levels of 64-port switches have half as many cores as spines when their pods are full", () => {
  expect(railFabric(1024)).toMatchObject({ levels: 3, leaves: 256, spines: 256, cores: 128, spineCoreCables: 8192 });
});

test("three groups of 32 nodes get 16 spines, because 32 uplinks do not spread evenly over 12", () => {
  expect(railFabric(95)).toMatchObject({ leaves: 24, spines: 16, nodeLeafCables: 760, leafSpineCables: 768 });
});

test("uplinks that do not divide are rounded up rather than spread over as many spines", () => {
  const ask = { topology: "leaf-spine", nodes: 114, rails: 1, radix: 64, oversubscription: 2 } as const;

  expect(designFabric(ask)).toMatchObject({ leaves: 3, spines: 2, leafSpineCables: 60 });
});

test("a unit smaller than its leaves keeps ports for growth", () => {
  const unit = { topology: "rail-optimised", rails: 8, radix: 144, oversubscription: 1, nodesPerUnit: 64 } as const;

  expect(designFabric({ ...unit, nodes: 256 })).toMatchObject({ leaves: 32, spines: 16, leafSpineCables: 2048 });
  expect(() => designFabric({ ...unit, nodes: 256, nodesPerUnit: 80 })).toThrow(
    /72 ports for nodes; found a unit of 80/,
  );
});

test("few nodes share leaves between rails", () => {
  expect(railFabric(10)).toMatchObject({ levels: 2, leaves: 3, spines: 2, nodeLeafCables: 80 });
});

test("a fabric has a port for every end of every cable, and no more cables than its ports", () => {
  fc.assert(
    fc.property(asks, (ask) => {
      const fabric = tryDesign(ask);
      if (fabric === undefined) return;
      expect(fabric.leaves * ask.radix).toBe(fabric.nodeLeafCables + fabric.leafSpineCables + fabric.leafPortsFree);
      expect(fabric.spines * ask.radix).toBe(fabric.leafSpineCables + fabric.spineCoreCables + fabric.spinePortsFree);
      expect(fabric.cores * ask.radix).toBe(fabric.spineCoreCables + fabric.corePortsFree);
      for (const free of [fabric.leafPortsFree, fabric.spinePortsFree, fabric.corePortsFree]) {
        expect(free).toBeGreaterThanOrEqual(0);
      }
      expect(fabric.oversubscription).toBeLessThanOrEqual(ask.oversubscription + 1e-9);
    }),
  );
});

test("more oversubscription never needs more cables between leaves and spines", () => {
  fc.assert(
    fc.property(asks, (ask) => {
      const open = tryDesign({ ...ask, oversubscription: 1 });
      const tight = tryDesign({ ...ask, oversubscription: 2 });
      if (open === undefined || tight === undefined || open.levels === 1) return;
      expect(tight.leafSpineCables).toBeLessThanOrEqual(open.leafSpineCables);
    }),
  );
});

test("every cable in fibre has a transceiver at both ends", () => {
  fc.assert(
    fc.property(asks, fc.constantFrom("copper", "fibre"), (ask, nodeCable) => {
      const fabric = tryDesign(ask);
      if (fabric === undefined) return;
      const model = { ...switchNamed("QM9700"), portsPerTransceiver: 1 };
      const links = countLinks(fabric, model, nodeCable);
      expect(links.nodeTransceivers + links.switchTransceivers).toBe(2 * links.fibreCables);
      expect(links.copperCables + links.fibreCables).toBe(
        fabric.nodeLeafCables + fabric.leafSpineCables + fabric.spineCoreCables,
      );
    }),
  );
});

test("links of an eight-port node cost 10,560 USD in one level and 9,920 USD more for each level above", () => {
  const model = switchNamed("QM9700");
  const perNode = (nodes: number): number => {
    const fabric = railFabric(nodes);
    const parts = listFabricParts("compute network", fabric, model, countLinks(fabric, model, "fibre"));
    const links = parts.filter((part) => !part.name.includes(" switch") || part.name.startsWith("transceiver"));
    return links.reduce((sum, part) => sum + part.totalUsd, 0) / nodes;
  };

  expect([perNode(8), perNode(128), perNode(1024)]).toEqual([10_560, 20_480, 30_400]);
});

test("oversubscription is free for a ring in node order and costs an all-to-all its bandwidth", () => {
  const fabric = designFabric({ topology: "leaf-spine", nodes: 480, rails: 1, radix: 64, oversubscription: 3 });

  expect(fabric).toMatchObject({ nodesPerLeafGroup: 48, oversubscription: 3 });
  expect(priceOversubscription(fabric, "ring", 0.3).stepTimeFactor).toBe(1);
  const exchange = priceOversubscription(fabric, "all-to-all", 0.3);
  expect(exchange.bandwidthFactor).toBeCloseTo(1 / (3 * 0.9), 9);
  expect(exchange.stepTimeFactor).toBeCloseTo(1 + 0.3 * 1.7, 9);
});

test("a fat-tree with oversubscription is a contradiction, a fabric too large is infeasible, zero nodes invalid", () => {
  const ask = { nodes: 64, rails: 8, radix: 64, oversubscription: 1 } as const;

  expect(() => designFabric({ ...ask, topology: "fat-tree", oversubscription: 2 })).toThrow(/no oversubscription/);
  expect(() => designFabric({ ...ask, topology: "leaf-spine", nodes: 300 })).toThrow(/do not fit/);
  expect(() => designFabric({ ...ask, topology: "leaf-spine", nodes: 0 })).toThrow(/at least 1; found 0/);
  expect(() => designFabric({ ...ask, topology: "leaf-spine", oversubscription: Number.NaN })).toThrow(/found NaN/);
});

test("bits and bytes are different units: 400Gb/s is 50GB/s, and a rate without unit is refused", () => {
  expect(parseRate("network.rate", "400Gb/s")).toBe(50);
  expect(parseRate("network.rate", "50GB/s")).toBe(50);
  expect(toGigabits(byteRateOf(gigabits(400)))).toBe(400);
  expect(toGigabits(gigabytes(50))).toBe(400);
  expect(() => parseRate("network.rate", "400")).toThrow(/network.rate must be a rate with its unit/);
  expect(() => parseRate("network.rate", "400GiB/s")).toThrow(/found "400GiB\/s"/);
});

test("a switch port splits into whole slower ports and never into faster ones", () => {
  expect(splitPorts(switchNamed("SN5600"), gigabits(400))?.radix).toBe(128);
  expect(splitPorts(switchNamed("QM9700"), gigabits(800))).toBeUndefined();
});

test.each([
  [100, 1, 158, 138],
  [400, 2, 630, 1100],
  [800, 2, 1260, 2200],
])("transceivers of %i Gb/s cost in proportion to their rate", (rate, ports, nodeUsd, switchUsd) => {
  const fabric = designFabric({ topology: "leaf-spine", nodes: 40, rails: 2, radix: 64, oversubscription: 1 });
  const [model] = switchModels;
  if (model === undefined) throw new Error("no switch");
  const at = { ...model, radix: 64, portRate: gigabits(rate), portsPerTransceiver: ports };
  const parts = listFabricParts("compute network", fabric, at, countLinks(fabric, at, "fibre"));

  expect(parts.filter(({ name }) => name.startsWith("transceiver")).map(({ unitUsd }) => unitUsd)).toEqual([
    nodeUsd,
    switchUsd,
  ]);
});
