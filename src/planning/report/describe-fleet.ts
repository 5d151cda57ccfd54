import type { FleetPlan } from "../fleet-plan.ts";
import { describeAdvice } from "./describe-advice.ts";
import { describeCapacity } from "./describe-capacity.ts";
import { describeCost } from "./describe-cost.ts";
import { describeHardware, describeParts } from "./describe-hardware.ts";
import { describeRuns } from "./describe-runs.ts";
import { describeTrace } from "./describe-trace.ts";
import { describeErrors, errorsExplained } from "./describe-errors.ts";
import { describeFallbacks } from "./describe-fallbacks.ts";
import type { ReportDocument, Section } from "./model.ts";
import { monthAfter, writeCount, writePower, writeShare, writeSpread, writeUsd, writeWhole } from "./write-figure.ts";

/** The whole answer as a report: the verdict first, what was assumed last. */
export function describeFleet(plan: FleetPlan): ReportDocument {
  return {
    title: plan.name,
    sections: [
      describeVerdict(plan),
      describeCapacity(plan),
      ...describeRuns(plan),
      ...(plan.trace === null ? [] : [describeTrace(plan.trace)]),
      ...describeCost(plan),
      ...describeHardware(plan),
      describeParts(plan),
      ...describeAdvice(plan),
    ],
  };
}

function describeVerdict(plan: FleetPlan): Section {
  const { cost, capacity } = plan;
  const spread = cost.spreads[0];
  const spares = plan.reliability.spareServersBought;
  const last = monthAfter(plan.startMonth, cost.months.length - 1);
  const items = [
    `Fleet: ${writeCount(plan.servers, "server")} with ${plan.gpusPerServer} x ${plan.gpu}${plan.servers === 1 ? "" : " each"}${spares === 0 ? "" : `, ${spares} of them spare`}; ${writeCount(capacity.gpusAtStart, "GPU")} at the start, ${writeWhole(capacity.gpusAtPeak)} at most, ${plan.startMonth} to ${last}.`,
    ...(spread === undefined
      ? []
      : [
          `Cheapest way open: ${cost.best.name}, ${writeSpread(spread.present, writeUsd)} at today's value, ${writeSpread(spread.gpuHour, writeUsd)} per used GPU-hour; it is the cheapest in ${writeShare(spread.cheapestShare)} of the draws.`,
        ]),
    `If all of it is owned: ${writeCount(plan.power.racks, "rack")}, ${writePower(plan.power.provisionedKw)} provisioned, ${writePower(plan.power.facilityKw)} drawn on average with the building; network, storage and the bill of materials are sized for that.`,
    `${plan.assumptions.length} figures and ${plan.choices.length} choices were assumed; they stand at the end.`,
  ];
  const { errors } = plan;
  return {
    heading: "Answer",
    blocks: [
      ...describeFallbacks(plan.fallbacks, plan.cautions),
      { kind: "list", items },
      describeErrors([...errors.capacity, ...errors.cost, ...errors.power]),
      { kind: "text", text: errorsExplained },
    ],
  };
}
