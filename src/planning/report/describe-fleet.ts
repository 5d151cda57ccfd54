import type { FleetPlan } from "../fleet/fleet-plan.ts";
import { describeAdvice, describeReasons } from "./describe-advice.ts";
import { describeCapacity } from "./describe-capacity.ts";
import { describeCost } from "./describe-cost.ts";
import { describeHardware, describeParts } from "./describe-hardware.ts";
import { describeRuns } from "./describe-runs.ts";
import { describeTrace } from "./describe-trace.ts";
import { describeErrors, errorsExplained } from "./describe-errors.ts";
import { describeFallbacks } from "./describe-fallbacks.ts";
import type { ReportDocument, Section } from "./model.ts";
import { tellMoney } from "./tell-money.ts";
import { tellShortage } from "./tell-shortage.ts";
import { monthAfter, writeCount, writeNumber, writePower, writeWhole } from "./write-figure.ts";

/** The whole answer as a report: the verdict first, then why and what if, what was assumed last. */
export function describeFleet(plan: FleetPlan): ReportDocument {
  return {
    title: plan.name,
    sections: [
      describeVerdict(plan),
      describeReasons(plan),
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
  const items = [
    ...tellFleet(plan),
    ...tellMoney(plan.cost),
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

/** How many GPUs, for what demand, and whether they are enough. */
function tellFleet(plan: FleetPlan): readonly string[] {
  const { capacity, startMonth } = plan;
  const spares = plan.reliability.spareServersBought;
  const [first] = capacity.months;
  const last = capacity.months.at(-1);
  const until = monthAfter(startMonth, plan.cost.months.length - 1);
  const server = `${writeCount(plan.servers, "server")} with ${plan.gpusPerServer} x ${plan.gpu}${plan.servers === 1 ? "" : " each"}`;
  const spare = spares === 0 ? "" : `, ${spares} of them spare`;
  return [
    `Fleet: ${server}${spare}; ${writeCount(capacity.gpusAtStart, "GPU")} at the start, ${writeWhole(capacity.gpusAtPeak)} at most, ${startMonth} to ${until}.`,
    ...(first === undefined || last === undefined
      ? []
      : [
          `${tellShortage(capacity, startMonth)} The busiest moment of the first month asks for ${tellDemand(first)} GPUs, of the last for ${tellDemand(last)} (P10 to P90).`,
        ]),
  ];
}

/** `92 (88 to 96)`: GPUs by the median, and between the percentiles. */
function tellDemand(month: FleetPlan["capacity"]["months"][number]): string {
  return `${writeNumber(month.p50Gpus)} (${writeNumber(month.p10Gpus)} to ${writeNumber(month.p90Gpus)})`;
}
