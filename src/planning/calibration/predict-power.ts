import type { Instant } from "../../base/clock.ts";
import { findAccelerator, isKnownAccelerator } from "../catalog/find-accelerator.ts";
import { serverOffers } from "../cost/server-offers.ts";
import { planDefaults } from "../assumptions/defaults.ts";
import { hardwareName } from "./hardware-name.ts";
import type { Prediction, Settlement } from "./model.ts";
import type { NodeHour, PowerScope } from "./power-model.ts";

const hourMs = 3_600_000;
/** The last samples of an hour may come a little later. */
const lateMs = 60_000;
/** An hour of fewer samples, or with another use than was foreseen, tells nothing of the power model. */
const samplesMin = 3;
const heldTolerance = 0.1;

/** A node as its pool knows it. */
export interface PoweredNode {
  readonly name: string;
  readonly gpuModel: string;
  readonly gpus: number;
  readonly isSimulated: boolean;
}

/** The group in which power is compared: a GPU and what was measured of it. */
export function powerGroup(hardware: string, scope: PowerScope): string {
  return `${hardware} ${scope}`;
}

/**
 * What a node's power is foreseen to be over an hour, as the planner sizes halls: nameplate times a share that grows from idle
 * to busy with the GPUs that are held. GPU boards are foreseen by the same shares of their own nameplate.
 *
 * @returns undefined for GPUs of which no nameplate is known.
 */
export function predictPower(node: PoweredNode, hour: NodeHour, hourAt: Instant, now: Instant): Prediction | undefined {
  const rated = ratedWatts(node, hour.scope);
  if (rated === undefined) return undefined;
  const { busyShare, idleShare } = planDefaults;
  const watts = (busy: number, idle: number): number => rated * (idle + (busy - idle) * hour.heldShare);
  return {
    kind: "power",
    subject: `node/${node.name}/${hour.scope}@${hourAt}`,
    group: powerGroup(hardwareName(node.gpuModel, node.isSimulated), hour.scope),
    project: "",
    at: now,
    low: watts(busyShare.low, idleShare.low),
    likely: watts(busyShare.mode, idleShare.mode),
    high: watts(busyShare.high, idleShare.high),
    dueAt: hourAt + hourMs + lateMs,
    load: { heldShare: hour.heldShare, hourAt },
  };
}

function ratedWatts({ gpuModel, gpus }: PoweredNode, scope: PowerScope): number | undefined {
  if (!isKnownAccelerator(gpuModel)) return undefined;
  const accelerator = findAccelerator(gpuModel);
  if (scope === "boards") return accelerator.watts === undefined ? undefined : accelerator.watts * gpus;
  const server = serverOffers.find((each) => each.gpu === accelerator.name && each.gpusPerServer === gpus);
  return server === undefined ? undefined : server.serverRatedKw * 1000;
}

/** What came of a power prediction, from the node's whole hour; undefined samples: none came. */
export function settlePower(prediction: Prediction, hour: NodeHour | undefined): Settlement {
  if (hour === undefined || hour.samples < samplesMin) return { kind: "excluded", why: "too few samples in the hour" };
  const foreseen = prediction.load?.["heldShare"] ?? 0;
  if (Math.abs(hour.heldShare - foreseen) > heldTolerance) {
    return { kind: "excluded", why: "GPUs were given or taken within the hour" };
  }
  return { kind: "measured", value: hour.watts };
}
