import type { GigabytesPerSecond } from "../catalog/quantities.ts";
import { designFabric, type Fabric, type FabricAsk, type Topology } from "./design-fabric.ts";
import { countLinks, listFabricParts, type Part } from "./network-parts.ts";
import { type SwitchModel, switchModels } from "./switch-model.ts";

/** Ports of a server, and of a storage server, at the rate of an ethernet switch. */
const storageRails = 2;
/** What one storage server with its two ports of 100 Gb/s gives, of 25 GB/s at line rate (assumption). */
const storageServerGigabytes = 20;
const storageSwitch = "SN4600";
const storageOversubscription = 2;

/** What the storage fabric stands beside. */
export interface StorageFabricAsk {
  readonly servers: number;
  /** Of all storage together, the larger of reading and writing. */
  readonly rate: GigabytesPerSecond;
  readonly cable: "copper" | "fibre";
  /** The fabric between servers; undefined: there is none. */
  readonly compute: { readonly fabric: Fabric; readonly model: SwitchModel } | undefined;
}

/** Switches and cables to the storage. */
export interface StorageFabric {
  readonly parts: readonly Part[];
  readonly switches: number;
  readonly powerKw: number;
  /** Ports that it takes of the one switch of the fabric between servers. */
  readonly portsShared: number;
  /** Storage servers that are wired. */
  readonly storageServers: number;
}

/** Servers of few ports need no rails, as long as two levels join them with room for oversubscription. */
export function defaultTopology(rails: number, nodes: number, radix: number): Topology {
  return rails < 4 && nodes * rails <= radix ** 2 / 4 ? "leaf-spine" : "rail-optimised";
}

/**
 * A separate 100 Gb/s fabric between servers and storage, two ports a machine, 2:1 above its leaves. Where one switch of that
 * rate joins all servers and has ports to spare, the storage shares it.
 */
export function storageFabric({ servers, rate, cable, compute }: StorageFabricAsk): StorageFabric {
  const model = switchModels.find((each) => each.name === storageSwitch);
  if (model === undefined) throw new Error(`the catalog lost the switch ${storageSwitch}`);
  const storageServers = Math.max(1, Math.ceil(rate / storageServerGigabytes));
  const nodes = servers + storageServers;
  const ask: FabricAsk = {
    topology: defaultTopology(storageRails, nodes, model.radix),
    nodes,
    rails: storageRails,
    radix: model.radix,
    oversubscription: storageOversubscription,
  };
  const fabric = designFabric(ask);
  const isShared =
    compute?.model.portRate === model.portRate &&
    compute.fabric.leaves === 1 &&
    compute.fabric.leafPortsFree >= fabric.nodeLeafCables;
  const links = countLinks(fabric, model, cable);
  const built = isShared ? { ...fabric, leaves: 0, spines: 0, cores: 0 } : fabric;
  const switches = built.leaves + built.spines + built.cores;
  return {
    parts: listFabricParts("storage network", built, model, links),
    switches,
    powerKw: switches * model.powerKw,
    portsShared: isShared ? fabric.nodeLeafCables : 0,
    storageServers,
  };
}
