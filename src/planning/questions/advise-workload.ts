import * as z from "zod";
import { isFault } from "../../base/fault.ts";
import { adviseOperations, type OperationsAdvice } from "../advice/advise-operations.ts";
import { keepCompliant, type Offer, type Rejection } from "../advice/keep-compliant.ts";
import type { WhatIf } from "../advice/align-workload.ts";
import type { Fallback } from "../catalog/fallback.ts";
import { assumedFields } from "../assumptions/assumed-fields.ts";
import { marketOffers } from "../fleet/choose-offers.ts";
import { buyerTerms, costGpuHour } from "../cost/gpu-hour-cost.ts";
import { type ServerOffer, serverOffers } from "../cost/server-offers.ts";
import { costDefaults } from "../assumptions/defaults.ts";
import { notMeasured, type QuantityError } from "../accuracy/error-statement.ts";
import { findServer } from "../fleet/find-server.ts";
import { ownedHourError } from "../fleet/fleet-errors.ts";
import { planSchema } from "../model.ts";
import { infeasiblePlan } from "../problems/plan-fault.ts";
import { unreadableQuestion } from "../problems/question-fault.ts";
import { adviceQuestionSchema } from "./model.ts";
import { writeNumber } from "../report/write-figure.ts";
import { sayToldFormat, withToldFormat } from "./told-format.ts";
import { type SizedWork, sizeWork, type Work } from "./size-work.ts";

type Question = z.infer<typeof adviceQuestionSchema>;
type Way = Offer["kind"];

/** One GPU for the workload, with what it costs each way that is open. */
export interface WorkOption extends SizedWork {
  readonly gpu: string;
  /** Dollars of one GPU for an hour; owned is a neocloud's cost in a rented hall, without people. */
  readonly usdPerGpuHour: Readonly<Partial<Record<Way, number>>>;
  readonly cheapestWay: Way;
  /** Dollars a month for serving, for the whole run for training, the cheapest way. */
  readonly usd: number;
  /** Dollars a million tokens: at the peak for serving, trained on for training. */
  readonly usdPerMillionTokens: number;
}

/** Which GPU, from whom, and who runs it. */
export interface WorkAdvice {
  readonly model: string;
  readonly kind: Work["kind"];
  /** What the weights are served in, or the products of training made in. */
  readonly precision: Work["precision"];
  readonly options: readonly WorkOption[];
  readonly rejected: readonly Rejection[];
  readonly ways: { readonly kept: readonly Offer[]; readonly rejected: readonly Rejection[] };
  readonly operations: OperationsAdvice;
  readonly whatIfs: readonly WhatIf[];
  /** What stands in for a model, a GPU or a price that the catalog does not have, for the best option. */
  readonly fallbacks: readonly Fallback[];
  /** What in the work speaks against it on the best option, though it can be done. */
  readonly cautions: readonly string[];
  readonly errors: readonly QuantityError[];
  readonly assumptions: readonly string[];
}

const servingSchema = z.looseObject({ work: z.looseObject({ kind: z.literal("serving") }) });
const askedSchema = z.looseObject({ work: z.record(z.string(), z.unknown()) });

const hoursPerMonth = 730;
const monthsPerYear = 12;

/**
 * Compares every GPU with a price for one workload, by the cost of what is open under the rules.
 *
 * @param value the question as parsed from YAML or JSON, checked here.
 * @throws {Fault} `planning.request-invalid`, `planning.plan-infeasible` when nothing is open or nothing fits.
 */
export function adviseWorkload(value: unknown): WorkAdvice {
  const parsed = adviceQuestionSchema.safeParse(withFormatOfWork(value));
  if (!parsed.success) throw unreadableQuestion(adviceQuestionSchema, parsed.error, value);
  const question = parsed.data;
  const ways = keepCompliant(marketOffers(question), question);
  if (ways.kept.length === 0) throw infeasiblePlan("isolation", ways.rejected.map((each) => each.why).join("; "));
  const { options, rejected } = compareGpus(question, ways.kept);
  const [best] = options;
  if (best === undefined) {
    const reasons = rejected.map(({ option, why }) => `${option}: ${why}`).join("\n");
    throw infeasiblePlan("gpus", `no GPU can do it:\n${reasons}`);
  }
  return {
    model: best.model,
    kind: question.work.kind,
    precision: question.work.precision,
    options,
    rejected,
    ways,
    operations: operationsOf(question, best),
    whatIfs: askWhatIf(question, ways.kept, best),
    fallbacks: best.fallbacks,
    cautions: best.cautions,
    errors: errorsOf(best),
    assumptions: [
      ...assumedOfWork(question.work, askedSchema.parse(value).work),
      ...assumedFields(question, value),
      ...best.assumptions,
      ...best.fallbacks.map(({ words }) => words).filter((words) => !best.assumptions.includes(words)),
      "owned GPUs are priced as a neocloud's in a rented hall, rented ones at their likeliest price on demand",
      "owned and reserved GPUs are priced by the hours of this work: the rest of their life or term must find other work",
      `reserved ones at ${(costDefaults.reserveDiscount.mode * 100).toFixed(1)} % less than on demand`,
    ],
  };
}

/** Served models are published in a format; training makes its own choice. */
function withFormatOfWork(value: unknown): unknown {
  const asked = servingSchema.safeParse(value);
  return asked.success ? { ...asked.data, work: withToldFormat(asked.data.work) } : value;
}

function assumedOfWork(work: Work, asked: unknown): readonly string[] {
  const assumed = assumedFields(work, asked);
  return work.kind === "serving" ? sayToldFormat(assumed, work) : assumed;
}

function candidatesOf({ gpus }: Question): readonly ServerOffer[] {
  if (gpus.length === 0) return serverOffers;
  const stage = { stage: "serving", gpus: 1 };
  const plan = planSchema.parse({
    name: "advice",
    startMonth: "2026-01",
    fleet: { gpu: gpus[0] },
    demand: { stages: [stage] },
  });
  return gpus.map((gpu, index) => findServer(plan, `gpus[${index}]`, gpu));
}

function compareGpus(question: Question, open: readonly Offer[]): Pick<WorkAdvice, "options" | "rejected"> {
  const options: WorkOption[] = [];
  const rejected: Rejection[] = [];
  for (const server of candidatesOf(question)) {
    try {
      options.push(priceWork(sizeWork(question.work, server), server, open));
    } catch (error) {
      if (!isFault(error) || error.code !== "planning.layout-impossible") throw error;
      const { why } = error.details;
      rejected.push({ option: server.gpu, why: typeof why === "string" ? why : error.message });
    }
  }
  options.sort((left, right) => left.usd - right.usd || (left.gpu < right.gpu ? -1 : 1));
  const [best] = options;
  for (const option of options.slice(1)) {
    const more = option.usd / (best?.usd ?? option.usd) - 1;
    rejected.push({
      option: option.gpu,
      why: more < 0.005 ? `costs as much as ${best?.gpu}` : `costs ${(more * 100).toFixed(0)} % more than ${best?.gpu}`,
    });
  }
  return { options, rejected };
}

/** What the work costs on this GPU, each way that is open. */
function priceWork(sized: SizedWork, server: ServerOffer, open: readonly Offer[]): WorkOption {
  const rent = server.rentUsdPerGpuHour.mode;
  const hours: Readonly<Record<Way, number>> = {
    buy: costGpuHour(server, buyerTerms.neocloud).p50,
    rent,
    reserve: rent * (1 - costDefaults.reserveDiscount.mode),
  };
  const priced = open.map(({ kind }) => [kind, hours[kind]] as const).toSorted((left, right) => left[1] - right[1]);
  const [cheapestWay, usdPerHour] = priced[0] ?? ["rent", rent];
  const gpuHours = sized.gpuHours ?? sized.gpus * hoursPerMonth;
  const own = (server.fallbacks ?? []).filter(({ words }) => sized.fallbacks.every((each) => each.words !== words));
  return {
    ...sized,
    fallbacks: [...sized.fallbacks, ...own],
    gpu: server.gpu,
    usdPerGpuHour: Object.fromEntries(priced),
    cheapestWay,
    usd: gpuHours * usdPerHour,
    usdPerMillionTokens: (gpuHours * usdPerHour * 1e6) / sized.tokens,
  };
}

function operationsOf(question: Question, best: WorkOption): OperationsAdvice {
  const { engineersAvailable } = question;
  return adviseOperations({
    gpus: best.gpus,
    coverage: question.coverage,
    engineersBase: costDefaults.engineersBase.mode,
    engineersPerThousandGpus: costDefaults.engineersPerThousandGpus.mode,
    usdPerEngineerYear: costDefaults.usdPerEngineerYear.mode,
    machinesUsdPerYear: (best.usdPerGpuHour[best.cheapestWay] ?? 0) * best.gpus * hoursPerMonth * monthsPerYear,
    isolation: question.isolation,
    ...(engineersAvailable === undefined ? {} : { engineersAvailable }),
  });
}

function askWhatIf(question: Question, open: readonly Offer[], best: WorkOption): readonly WhatIf[] {
  const [server] = candidatesOf({ ...question, gpus: [best.gpu] });
  if (server === undefined) return [];
  const { work } = question;
  const tell = (change: string, changed: Work): WhatIf => {
    try {
      const { gpus, usd } = priceWork(sizeWork(changed, server), server, open);
      const delta = (usd / best.usd - 1) * 100;
      return { change, effect: `${writeNumber(gpus)} x ${best.gpu}, ${delta >= 0 ? "+" : ""}${delta.toFixed(0)} %` };
    } catch (error) {
      if (!isFault(error)) throw error;
      return { change, effect: `cannot be done: ${error.message}` };
    }
  };
  const changes: readonly (readonly [string, Work])[] = [
    ...(work.precision === "bf16"
      ? [
          [
            work.kind === "serving" ? "weights in fp8" : "products in fp8",
            { ...work, precision: "fp8" as const },
          ] as const,
        ]
      : []),
    ...(work.kind === "serving"
      ? ([
          ["twice the load", { ...work, peakPerSecond: work.peakPerSecond * 2 }],
          ["half the load", { ...work, peakPerSecond: work.peakPerSecond / 2 }],
          ["goals half as strict", { ...work, ttftSeconds: work.ttftSeconds * 2, tpotSeconds: work.tpotSeconds * 2 }],
        ] as const)
      : ([
          ["twice the tokens", { ...work, tokens: work.tokens * 2 }],
          ["twice the days", { ...work, days: work.days * 2 }],
        ] as const)),
  ];
  return changes.map(([change, changed]) => tell(change, changed));
}

function errorsOf(best: WorkOption): readonly QuantityError[] {
  const server = serverOffers.find((each) => each.gpu === best.gpu) ?? { ...best, confidence: "C" };
  return [
    ...best.errors,
    ownedHourError(server),
    notMeasured("prices of renting and reserving", "list prices of 2024-26, with their bounds in the catalog"),
    notMeasured("people and fees"),
  ];
}
