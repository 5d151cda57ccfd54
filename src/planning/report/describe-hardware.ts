import type { FleetPlan } from "../fleet/fleet-plan.ts";
import type { Links } from "../network/network-parts.ts";
import { describeErrors } from "./describe-errors.ts";
import type { Section } from "./model.ts";
import {
  writeCount,
  writeEnergy,
  writeNumber,
  writePower,
  writeSeconds,
  writeShare,
  writeSize,
  writeUsd,
  writeWhole,
} from "./write-figure.ts";

/** Network, storage, power and failures, each with its figures. */
export function describeHardware(plan: FleetPlan): readonly Section[] {
  return [describeNetwork(plan), describeStorage(plan), describePower(plan), describeFailures(plan)];
}

function describeNetwork(plan: FleetPlan): Section {
  const { network } = plan;
  const { fabric } = network;
  const rows = [
    ...(fabric.leaves === 0 ? [["between servers", `nothing: ${fabric.why}`]] : fabricRows(network)),
    [
      "power",
      `${writePower(network.powerKw)}, ${network.switches === 1 ? "1 switch" : `${writeWhole(network.switches)} switches`} with storage and management`,
    ],
  ];
  const alternatives = network.alternatives.map((each) => [
    `${each.oversubscription} to 1`,
    writeUsd(each.usd),
    writeNumber(each.ringStepFactor),
    writeNumber(each.allToAllStepFactor),
  ]);
  const head = ["oversubscription", "#fabric", "#step, ring: times as long", "#step, all-to-all: times as long"];
  const isOneSwitch = fabric.levels === 1;
  return {
    heading: "Network",
    blocks: [
      { kind: "table", head: ["what", "answer"], rows },
      ...(isOneSwitch ? [] : [{ kind: "table" as const, head, rows: alternatives }]),
      describeErrors(plan.errors.network),
    ],
  };
}

/** The fabric between servers. */
function fabricRows(network: FleetPlan["network"]): readonly (readonly string[])[] {
  const { fabric, links, oversubscription: price } = network;
  return [
    ["topology", `${fabric.topology}, ${fabric.levels} ${fabric.levels === 1 ? "level" : "levels"}: ${fabric.why}`],
    [
      "switches",
      `${writeWhole(fabric.leaves)} leaf, ${writeWhole(fabric.spines)} spine, ${writeWhole(fabric.cores)} core (${network.switchName}, ${fabric.radix} ports of ${network.portGigabits} Gb/s)`,
    ],
    [
      "cables",
      `${writeWhole(fabric.nodeLeafCables)} server to leaf, ${writeWhole(fabric.leafSpineCables)} leaf to spine, ${writeWhole(fabric.spineCoreCables)} spine to core`,
    ],
    ["links", describeLinks(links)],
    [
      "ports kept for growth",
      `${writeWhole(fabric.leafPortsFree)} on leaves, ${writeWhole(fabric.spinePortsFree)} on spines, ${writeWhole(fabric.corePortsFree)} on cores`,
    ],
    [
      "oversubscription",
      `${writeNumber(fabric.oversubscription)} to 1; ${price.exchange === "ring" ? "a ring" : "an all-to-all"} exchange keeps ${writeShare(price.bandwidthFactor)} of its bandwidth, a training step takes ${price.stepTimeFactor > 1.001 ? `${writeNumber(price.stepTimeFactor)} times as long` : "no longer"}`,
    ],
  ];
}

function describeLinks({ copperCables, fibreCables, nodeTransceivers, switchTransceivers }: Links): string {
  const fibre = `${writeWhole(fibreCables)} fibre with ${writeWhole(nodeTransceivers)} transceivers in servers and ${writeWhole(switchTransceivers)} in switches`;
  const copper = `${writeWhole(copperCables)} copper`;
  if (fibreCables === 0) return copper;
  return copperCables === 0 ? fibre : `${copper}, ${fibre}`;
}

function describeStorage(plan: FleetPlan): Section {
  const rows = plan.storage.tiers.map((tier) => [
    tier.tier,
    writeSize(tier.usedBytes),
    writeSize(tier.rawBytes),
    writeNumber(tier.read),
    writeNumber(tier.write),
    tier.holds.map((held) => `${held.what} ${writeSize(held.bytes)}`).join(", "),
  ]);
  const stall = plan.storage.stallSeconds;
  const saved = plan.storage.checkpointBytes;
  const saving =
    saved === 0
      ? "No checkpoint was given."
      : `A checkpoint has ${writeSize(saved)} and stops the job for ${writeSeconds(stall)} every ${writeSeconds(plan.reliability.job.intervalHours * 3600)}.`;
  return {
    heading: "Storage",
    blocks: [
      { kind: "text", text: `${saving} What decides: ${plan.storage.bottleneck}.` },
      { kind: "table", head: ["tier", "#used", "#to buy (raw)", "#read GB/s", "#write GB/s", "holds"], rows },
      describeErrors(plan.errors.storage),
    ],
  };
}

function describePower(plan: FleetPlan): Section {
  const { power } = plan;
  const rows = [
    ["provisioned (nameplate)", writePower(power.provisionedKw)],
    ...hallRow(plan),
    ["mean draw", `${writePower(power.meanKw)}, ${writePower(power.facilityKw)} with the building`],
    [
      "energy a year",
      `${writeEnergy(power.megawattHoursPerYear)}, ${writeNumber(plan.cost.tonnesCo2PerYear)} t of carbon dioxide`,
    ],
    [
      "racks",
      `${writeWhole(power.serverRacks)} for servers (at most ${power.serversPerRack} each, limited by ${power.rackLimit}), ${writeWhole(power.networkRacks)} for network and storage`,
    ],
  ];
  const table = { kind: "table", head: ["what", "answer"], rows } as const;
  return { heading: "Power and racks", blocks: [table, describeErrors(plan.errors.power)] };
}

/** What the cost of the hall is counted on, which is more than the nameplates. */
function hallRow(plan: FleetPlan): readonly string[][] {
  const perGpu = plan.assumptions.find((each) => each.path === "facility.provisionedKwPerGpu")?.mode;
  if (perGpu === undefined) return [];
  const hall = writePower(perGpu * plan.gpusWithSpares);
  return [["hall paid for, where owned", `${hall}: ${writeNumber(perGpu)} kW a GPU with cooling and reserve`]];
}

function describeFailures(plan: FleetPlan): Section {
  const { reliability } = plan;
  const { job } = reliability;
  const rows = reliability.perYear
    .filter((each) => each.failures >= 0.05)
    .map((each) => [
      each.component,
      writeNumber(Number(each.failures.toPrecision(2))),
      each.isReplaced ? "part replaced" : "restart",
    ]);
  const spares =
    reliability.spareServersBought < reliability.spareServers
      ? `${writeCount(reliability.spareServers, "spare server")} would keep the capacity whole; a fleet of fixed size buys none`
      : `${writeCount(reliability.spareServers, "spare server")} ${reliability.spareServers === 1 ? "keeps" : "keep"} the capacity whole`;
  const text = `Something in the fleet interrupts a job every ${writeNumber(reliability.fleetMtbfHours)} h. The largest job (${writeCount(reliability.jobGpus, "GPU")}) is interrupted every ${writeNumber(job.mtbfHours)} h and makes progress in ${writeShare(job.share)} of its time; it loses ${writeShare(job.checkpointLoss)} to saving, ${writeShare(job.reworkLoss)} to work done again, ${writeShare(job.restartLoss)} to restarts. A server works ${writeShare(reliability.nodeAvailability)} of the time; ${spares}.`;
  return {
    heading: "Failures",
    blocks: [
      { kind: "text", text },
      { kind: "table", head: ["component", "#interruptions a year", "what happens"], rows },
      describeErrors(plan.errors.failures),
    ],
  };
}

/** What is bought, with prices. */
export function describeParts(plan: FleetPlan): Section {
  const rows = plan.parts.map((part) => [
    part.group,
    part.name,
    writeWhole(part.count),
    writeUsd(part.unitUsd),
    writeUsd(part.totalUsd),
  ]);
  const total = plan.parts.reduce((sum, part) => sum + part.totalUsd, 0);
  return {
    heading: "Bill of materials",
    blocks: [
      {
        kind: "table",
        head: ["group", "part", "#count", "#each", "#total"],
        rows: [...rows, ["total", "", "", "", writeUsd(total)]],
      },
      describeErrors([...plan.errors.network, ...plan.errors.storage]),
    ],
  };
}
