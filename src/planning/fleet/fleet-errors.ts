import type { ServerOffer } from "../cost/server-offers.ts";
import { measuredError, notMeasured, type QuantityError, tellError } from "../accuracy/error-statement.ts";
import { type StageSizing, tellDeviation } from "./stage-sizing.ts";
import { asMeasured } from "../accuracy/widening.ts";

/** The parts of a fleet's answer, each with what is known of its errors. */
export type FleetErrors = Readonly<
  Record<"capacity" | "cost" | "network" | "storage" | "power" | "failures" | "advice", readonly QuantityError[]>
>;

/**
 * How wrong each figure of a fleet's answer may be, with what is known of the stages and workloads that were sized from a
 * model. Only counts of fabrics, the cost of owning a GPU for an hour and the time between failures were compared with
 * published figures; the rest rests on its inputs.
 */
export function fleetErrors(
  server: Pick<ServerOffer, "gpu" | "confidence" | "fallbacks">,
  sizings: readonly StageSizing[] = [],
  workloads: readonly QuantityError[] = [],
): FleetErrors {
  const hour = ownedHourError(server);
  return {
    capacity: [
      notMeasured("GPUs and the chance of a shortage", whatIsIn(sizings)),
      ...withoutRepeats(sizings.flatMap(({ errors }) => errors)),
    ],
    cost: [
      notMeasured("cost, dollars per used GPU-hour and per result", "P10 to P90 is drawn from the bounds of the rates"),
      hour,
    ],
    network: [
      measuredError("switches and cables", "fabric_superpod", "switches and cables"),
      notMeasured("prices and step time under oversubscription"),
    ],
    storage: [notMeasured("sizes, rates and stalls", "closed forms over the plan's own figures")],
    power: [notMeasured("kilowatts and racks", "nameplates and the busy share of published measurements")],
    failures: [
      measuredError("hours between failures", "reliability", "hours to interruption"),
      notMeasured("useful share of the time and spares"),
    ],
    advice: [
      hour,
      notMeasured("GPUs for a workload", whatWorkloadsRestOn(workloads)),
      notMeasured("people and fees"),
      ...workloads,
    ],
  };
}

function whatWorkloadsRestOn(sized: readonly QuantityError[]): string {
  const stated = "they follow from the throughputs that the plan states";
  return sized.length === 0 ? stated : `${stated}, or from closed loops of the models that it names`;
}

/** Stages of one name and one sort of model have the same errors. */
function withoutRepeats(errors: readonly QuantityError[]): readonly QuantityError[] {
  return [...new Map(errors.map((error) => [tellError(error), error])).values()];
}

/** What the distribution of the demand holds: what was stated is taken as it stands, what was sized by its interval. */
function whatIsIn(sizings: readonly StageSizing[]): string {
  const stated = "they follow from the demand that the plan states";
  if (sizings.length === 0) return stated;
  const sized = sizings.map(({ name, logDeviation }) => `${name} ${tellDeviation(logDeviation)}`);
  return `${stated}, its growth and its chance; in them are the 80 % intervals of what was sized: ${sized.join(", ")}`;
}

/** GPUs whose cost of owning was published; no other's was compared. */
const publishedCosts: ReadonlySet<string> = new Set(["H100-SXM", "H200-SXM", "B200-SXM", "MI300X"]);
/** Half as wide again for a GPU whose price is known and whose cost of owning was not published. */
const unpublishedWidening = 1.5;

/** How wrong the cost of owning this GPU for an hour, without people, may be. */
export function ownedHourError({
  gpu,
  confidence,
  fallbacks,
}: Pick<ServerOffer, "gpu" | "confidence" | "fallbacks">): QuantityError {
  const quantity = "dollars of owning a GPU for an hour, without people";
  const guess = fallbacks?.at(-1);
  if (guess !== undefined) return notMeasured(quantity, `the price of ${gpu} is guessed from that of ${guess.taken}`);
  if (confidence === "C") return notMeasured(quantity, `the price of ${gpu} is assumed`);
  const reasons = [`no cost of owning ${gpu} was published`];
  const widening = publishedCosts.has(gpu) ? asMeasured : { ...asMeasured, factor: unpublishedWidening, reasons };
  return measuredError(quantity, "tco_gpu_hour", "dollars per GPU-hour", widening);
}
