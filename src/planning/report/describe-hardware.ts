import { formatDuration, formatSize } from "../../base/units.ts";
import type { FleetPlan } from "../fleet-plan.ts";
import { describeErrors } from "./describe-errors.ts";
import type { Section } from "./model.ts";
import { writeNumber, writeShare, writeUsd } from "./write-figure.ts";

/** Network, storage, power and failures, each with its figures. */
export function describeHardware(plan: FleetPlan): readonly Section[] {
  return [describeNetwork(plan), describeStorage(plan), describePower(plan), describeFailures(plan)];
}

function describeNetwork(plan: FleetPlan): Section {
  const { network } = plan;
  const { fabric, links } = network;
  const price = network.oversubscription;
  const rows = [
    ["topology", `${fabric.topology}, ${fabric.levels} ${fabric.levels === 1 ? "level" : "levels"}: ${fabric.why}`],
    [
      "switches",
      `${fabric.leaves} leaf, ${fabric.spines} spine, ${fabric.cores} core (${network.switchName}, ${fabric.radix} ports of ${network.portGigabits} Gb/s)`,
    ],
    [
      "cables",
      `${fabric.nodeLeafCables} server to leaf, ${fabric.leafSpineCables} leaf to spine, ${fabric.spineCoreCables} spine to core`,
    ],
    [
      "links",
      `${links.copperCables} copper, ${links.fibreCables} fibre with ${links.nodeTransceivers} + ${links.switchTransceivers} transceivers`,
    ],
    [
      "ports kept for growth",
      `${fabric.leafPortsFree} on leaves, ${fabric.spinePortsFree} on spines, ${fabric.corePortsFree} on cores`,
    ],
    [
      "oversubscription",
      `${writeNumber(fabric.oversubscription)} to 1; a ${price.exchange} exchange keeps ${writeShare(price.bandwidthFactor)} of its bandwidth, a training step takes ${writeNumber(price.stepTimeFactor)} times as long`,
    ],
    ["power", `${writeNumber(network.powerKw)} kW, ${network.switches} switches with storage and management`],
  ];
  const alternatives = network.alternatives.map((each) => [
    `${each.oversubscription} to 1`,
    writeUsd(each.usd),
    writeNumber(each.ringStepFactor),
    writeNumber(each.allToAllStepFactor),
  ]);
  const head = ["oversubscription", "#fabric", "#step time, ring", "#step time, all-to-all"];
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

function describeStorage(plan: FleetPlan): Section {
  const rows = plan.storage.tiers.map((tier) => [
    tier.tier,
    formatSize(tier.usedBytes),
    formatSize(tier.rawBytes),
    writeNumber(tier.read),
    writeNumber(tier.write),
    tier.holds.map((held) => `${held.what} ${formatSize(held.bytes)}`).join(", "),
  ]);
  const stall = plan.storage.stallSeconds;
  const saved = plan.storage.checkpointBytes;
  const saving =
    saved === 0
      ? "No checkpoint was given."
      : `A checkpoint has ${formatSize(saved)} and stops the job for ${writeNumber(stall)} s every ${formatDuration(plan.reliability.job.intervalHours * 3_600_000)}.`;
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
    ["provisioned (nameplate)", `${writeNumber(power.provisionedKw)} kW`],
    ["mean draw", `${writeNumber(power.meanKw)} kW, ${writeNumber(power.facilityKw)} kW with the building`],
    [
      "energy a year",
      `${writeNumber(power.megawattHoursPerYear)} MWh, ${writeNumber(plan.cost.tonnesCo2PerYear)} t of carbon dioxide`,
    ],
    [
      "racks",
      `${power.serverRacks} for servers (${power.serversPerRack} each, limited by ${power.rackLimit}), ${power.networkRacks} for network and storage`,
    ],
  ];
  const table = { kind: "table", head: ["what", "answer"], rows } as const;
  return { heading: "Power and racks", blocks: [table, describeErrors(plan.errors.power)] };
}

function describeFailures(plan: FleetPlan): Section {
  const { reliability } = plan;
  const { job } = reliability;
  const rows = reliability.perYear
    .filter((each) => each.failures >= 0.05)
    .map((each) => [each.component, writeNumber(each.failures), each.isReplaced ? "part replaced" : "restart"]);
  const spares =
    reliability.spareServersBought < reliability.spareServers
      ? `${reliability.spareServers} spare servers would keep the capacity whole; a fleet of fixed size buys none`
      : `${reliability.spareServers} spare servers keep the capacity whole`;
  const text = `Something in the fleet interrupts a job every ${writeNumber(reliability.fleetMtbfHours)} h. The largest job (${reliability.jobGpus} GPUs) is interrupted every ${writeNumber(job.mtbfHours)} h and makes progress in ${writeShare(job.share)} of its time; it loses ${writeShare(job.checkpointLoss)} to saving, ${writeShare(job.reworkLoss)} to work done again, ${writeShare(job.restartLoss)} to restarts. A server works ${writeShare(reliability.nodeAvailability)} of the time; ${spares}.`;
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
    String(part.count),
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
