import type { OperationsAdvice } from "../advice/advise-operations.ts";
import type { WorkloadAdvice } from "../advice/align-workload.ts";
import type { FleetPlan } from "../fleet/fleet-plan.ts";
import type { QuantityError } from "../accuracy/error-statement.ts";
import { describeErrors } from "./describe-errors.ts";
import type { Block, Section } from "./model.ts";
import { writeNumber, writeShare, writeUsd, writeWhole } from "./write-figure.ts";

/** Advice, and everything that was assumed to come to it. */
export function describeAdvice(plan: FleetPlan): readonly Section[] {
  return [
    ...(plan.advice.workloads.length === 0 ? [] : [describeWorkloads(plan)]),
    describeModels(
      plan.advice.operations,
      describeErrors(errorsOfPeople(plan.errors.advice)),
      "The costs above count the people of self-managed operation. ",
    ),
    describeAssumptions(plan),
  ];
}

function describeWorkloads(plan: FleetPlan): Section {
  const blocks = plan.advice.workloads.flatMap((advice): readonly Block[] => {
    const growth = plan.advice.growth.find((each) => each.workload === advice.workload);
    return [
      ...describeWorkload(advice),
      ...(growth === undefined
        ? []
        : [
            {
              kind: "table" as const,
              head: ["growth", "GPU", "#servers", "#kW", "#racks", "#a month", "why"],
              rows: growth.paths.map((path) => [
                path.kind,
                path.gpu,
                writeWhole(path.servers),
                writeNumber(path.powerKw),
                writeWhole(path.racks),
                writeUsd(path.usdPerMonth),
                path.why,
              ]),
            },
          ]),
    ];
  });
  return { heading: "Which GPU for which workload", blocks: [...blocks, describeErrors(plan.errors.advice)] };
}

function describeWorkload(advice: WorkloadAdvice): readonly Block[] {
  const best = advice.options[0];
  const verdict =
    best === undefined
      ? `${advice.workload}: no GPU fits.`
      : `${advice.workload}: ${writeWhole(best.gpus)} x ${best.gpu} at ${writeUsd(best.usdPerMillion)} a million ${advice.unit}; what limits it is ${best.bottleneck}.`;
  return [
    {
      kind: "text",
      text: `${verdict} All GPUs are compared at the cost of owning one in a rented hall, without people.`,
    },
    {
      kind: "table",
      head: [
        "GPU",
        "#GPUs a replica",
        "#GPUs",
        `#${advice.unit} a second`,
        `#a million ${advice.unit}`,
        "#a month",
        "#memory used",
        "limit",
      ],
      rows: advice.options.map((option) => [
        option.gpu,
        String(option.gpusPerReplica),
        writeWhole(option.gpus),
        writeNumber(option.perSecond),
        writeUsd(option.usdPerMillion),
        writeUsd(option.usdPerMonth),
        writeShare(option.memoryUse),
        option.bottleneck,
      ]),
    },
    ...(advice.whatIfs.length === 0 ? [] : [{ kind: "text" as const, text: "What if:" }]),
    { kind: "list", items: advice.whatIfs.map((each) => `${each.change}: ${each.effect}`) },
    ...(advice.rejected.length === 0 ? [] : [{ kind: "text" as const, text: "Rejected:" }]),
    { kind: "list", items: groupRejections(advice) },
  ];
}

/** GPUs that lost for the same reason stand in one line. */
function groupRejections(advice: WorkloadAdvice): readonly string[] {
  const byReason = new Map<string, string[]>();
  for (const { option, why } of advice.rejected) byReason.set(why, [...(byReason.get(why) ?? []), option]);
  return [...byReason].map(([why, options]) => `not ${options.join(", ")}: ${why}`);
}

/** What is said of people and fees, of all that is said of advice. */
export const errorsOfPeople = (errors: readonly QuantityError[]): readonly QuantityError[] =>
  errors.filter(({ quantity }) => quantity === "people and fees");

/** Operating models side by side, with how wrong their figures may be; `counted` says which of them a cost counts. */
export function describeModels(operations: OperationsAdvice, errors: Block, counted = ""): Section {
  const rows = operations.options.map((option) => [
    option.name,
    writeNumber(Number(option.engineers.toPrecision(2))),
    writeUsd(option.peopleUsdPerYear),
    writeUsd(option.feeUsdPerYear),
    writeUsd(option.usdPerYear),
    option.why,
  ]);
  return {
    heading: "Who runs it",
    blocks: [
      {
        kind: "text",
        text: `${counted}What decides: ${operations.bottleneck}. Shares of work and fees of the models are this planner's own assumptions.`,
      },
      { kind: "table", head: ["model", "#engineers", "#people a year", "#fee a year", "#total a year", "why"], rows },
      { kind: "list", items: operations.rejected.map((each) => `not ${each.option}: ${each.why}`) },
      errors,
    ],
  };
}

/** What limits each part, what one change would do, and the ways that lost. */
export function describeReasons(plan: FleetPlan): Section {
  const { best } = plan.cost;
  return {
    heading: "Why, and what if",
    blocks: [
      { kind: "text", text: "What limits it:" },
      { kind: "list", items: plan.advice.bottlenecks },
      {
        kind: "text",
        text: `With every rate at its likeliest a used GPU-hour costs ${writeUsd(best.summary.usdPerGpuHourUsed)} (${best.name}). What if one thing were changed:`,
      },
      { kind: "list", items: plan.advice.whatIfs.map((each) => `${each.change}: ${each.effect}`) },
      ...(plan.advice.rejected.length === 0 ? [] : [{ kind: "text" as const, text: "Rejected:" }]),
      { kind: "list", items: plan.advice.rejected.map((each) => `not ${each.option}: ${each.why}`) },
    ],
  };
}

/** Every figure and choice that a plan did not give. */
export function describeAssumptions(plan: Pick<FleetPlan, "assumptions" | "choices">): Section {
  const rows = plan.assumptions.map((each) => [
    each.path,
    writeNumber(each.mode),
    each.low === each.high ? "" : `${writeNumber(each.low)} to ${writeNumber(each.high)}`,
    each.unit,
    each.confidence,
    each.source,
  ]);
  const choices = plan.choices.map((each) => [each.path, each.choice, each.source]);
  return {
    heading: "What was assumed",
    blocks: [
      {
        kind: "text",
        text: "Nothing here was given in the plan. Confidence: A two sources, B one source, C recalled or a convention. Give the figure in the plan to replace it.",
      },
      { kind: "table", head: ["figure", "#likeliest", "range", "unit", "confidence", "source"], rows },
      { kind: "table", head: ["choice", "taken", "why"], rows: choices },
    ],
  };
}
