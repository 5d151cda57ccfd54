import { Fault } from "../../base/fault.ts";
import type { Accelerator } from "./accelerator.ts";
import { interconnectTable } from "./interconnect-table.ts";
import { parseTable } from "./parse-table.ts";
import { byteRateOf, type GigabitsPerSecond, type GigabytesPerSecond } from "./quantities.ts";
import { suggestNames } from "./suggest-names.ts";

/** What leaves one node, GB/s in one direction, and how many accelerators it has. */
export type NodeNetwork = Pick<Interconnect, "nodeGbPerSecond" | "nodeGpus">;

/** What one node has toward the network: all ports together, GB/s in one direction. */
export interface Interconnect {
  readonly name: string;
  readonly nodeGbPerSecond: GigabytesPerSecond;
  /** Accelerators of such a node: of a rack's tray, where a rack has one domain of fast links. */
  readonly nodeGpus: number;
  readonly source: string;
}

const shipped: readonly Interconnect[] = parseTable(interconnectTable).map((row) => {
  const port = byteRateOf(Number(row["portGbitPerSecond"]) as GigabitsPerSecond);
  return {
    name: row["name"] ?? "",
    nodeGbPerSecond: (port * Number(row["ports"])) as GigabytesPerSecond,
    nodeGpus: Number(row["gpus"]),
    source: row["source"] ?? "",
  };
});

/**
 * Finds a node's network by name.
 *
 * @throws {Fault} `planning.interconnect-unknown` with the names that exist.
 */
export function findInterconnect(name: string): Interconnect {
  const found = shipped.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  const names = shipped.map((each) => each.name);
  const alike = suggestNames(name, names);
  throw new Fault(
    "planning.interconnect-unknown",
    `the catalog has no interconnect "${name}"; it has ${(alike.length === 0 ? names : alike).join(", ")}`,
    { details: { name } },
  );
}

const usualByAccelerator: Readonly<Record<string, string>> = {
  "B300-SXM": "DGX-B300",
  GB200: "GB200-NVL72",
  GB300: "GB300-NVL72",
  "B200-SXM": "DGX-B200",
};

const usualByFamily: Readonly<Record<string, string>> = {
  ampere: "DGX-A100",
  hopper: "DGX-H100",
  cdna: "DGX-H100",
  gaudi: "DGX-H100",
  tpu: "TPU-DCN",
  trainium: "AWS-P5-EFA",
};

/** The network that servers of this accelerator usually come with; an assumption to be named in an answer. */
export function usualInterconnect(accelerator: Accelerator): Interconnect {
  return findInterconnect(usualByAccelerator[accelerator.name] ?? usualByFamily[accelerator.family] ?? "Ethernet-100");
}

/** GB/s that leave a domain of fast links of so many accelerators, its nodes together. */
export function domainGbPerSecond({ nodeGbPerSecond, nodeGpus }: NodeNetwork, domainGpus: number): number {
  return nodeGbPerSecond * Math.max(1, domainGpus / nodeGpus);
}
