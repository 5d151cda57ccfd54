import { requireWithin } from "../problems/plan-fault.ts";
import type { Isolation, Rejection } from "./keep-compliant.ts";

/** When somebody must be able to act on a failure. */
export type Coverage = "office-hours" | "around-the-clock";

/** Who runs the platform. */
export interface OperationsAsk {
  readonly gpus: number;
  readonly coverage: Coverage;
  readonly engineersPerThousandGpus: number;
  readonly engineersBase: number;
  /** Work over that of owned machines, where a cloud does a part; 1 if absent. */
  readonly share?: number;
  /** People on call for these machines; if absent those of the coverage. */
  readonly peopleOnRota?: number;
  readonly usdPerEngineerYear: number;
  /** Yearly cost of the machines, on which a manager's fee is counted. */
  readonly machinesUsdPerYear: number;
  readonly isolation: Isolation;
  /** People at hand; absent: as many as are needed can be hired. */
  readonly engineersAvailable?: number;
}

/** One operating model with its people and its price. */
export interface OperatingModel {
  readonly name: "self-managed" | "hybrid" | "managed";
  readonly engineers: number;
  readonly peopleUsdPerYear: number;
  readonly feeUsdPerYear: number;
  readonly usdPerYear: number;
  readonly why: string;
}

/** Operating models that are possible, cheapest first, and why the others lost. */
export interface OperationsAdvice {
  readonly options: readonly OperatingModel[];
  readonly rejected: readonly Rejection[];
  readonly bottleneck: string;
}

/**
 * People that a rota takes at least. Nobody can be on call for more than a week in five: one around the clock needs five
 * people; in office hours those who do the work are there anyway.
 */
const peopleOnRota: Readonly<Record<Coverage, number>> = { "office-hours": 0, "around-the-clock": 5 };

/** Share of the own work that stays, share of the rota that stays, fee over the machines. Assumptions of this planner. */
const models = [
  { name: "self-managed", work: 1, rota: 1, fee: 0, why: "all work and the whole rota are yours" },
  { name: "hybrid", work: 0.6, rota: 0.4, fee: 0.07, why: "a partner takes nights, hardware and firmware" },
  { name: "managed", work: 0.25, rota: 0, fee: 0.2, why: "a provider runs everything below your workloads" },
] as const;

/**
 * Compares self-managed, hybrid and managed operation.
 *
 * @throws {Fault} `planning.plan-invalid` for figures out of bounds.
 */
export function adviseOperations(ask: OperationsAsk): OperationsAdvice {
  requireWithin("operations.engineersPerThousandGpus", ask.engineersPerThousandGpus, 0, 1000);
  requireWithin("operations.machinesUsdPerYear", ask.machinesUsdPerYear, 0, 1e12);
  const share = ask.share ?? 1;
  const work = share * (ask.engineersBase + (ask.gpus / 1000) * ask.engineersPerThousandGpus);
  const rota = ask.peopleOnRota ?? peopleOnRota[ask.coverage];
  const options: OperatingModel[] = [];
  const rejected: Rejection[] = [];
  for (const model of models) {
    const engineers = Math.max(work * model.work, rota * model.rota);
    const peopleUsdPerYear = engineers * ask.usdPerEngineerYear;
    const feeUsdPerYear = ask.machinesUsdPerYear * model.fee;
    const option: OperatingModel = {
      name: model.name,
      engineers,
      peopleUsdPerYear,
      feeUsdPerYear,
      usdPerYear: peopleUsdPerYear + feeUsdPerYear,
      why: engineers > work * model.work ? `${model.why}; the rota decides, not the work` : model.why,
    };
    const reason = refusal(ask, option);
    if (reason === undefined) options.push(option);
    else rejected.push({ option: model.name, why: reason });
  }
  options.sort((left, right) => left.usdPerYear - right.usdPerYear);
  const best = options[0];
  for (const option of options.slice(1)) {
    const more = option.usdPerYear - (best?.usdPerYear ?? 0);
    rejected.push({ option: option.name, why: `costs ${tellUsd(more)} a year more than ${best?.name}` });
  }
  const bottleneck =
    rota > work ? `the rota: ${ask.coverage} needs ${Number(rota.toPrecision(3))} people` : "the work of the fleet";
  return { options, rejected, bottleneck };
}

/** Thousands of dollars, or millions where they are many. */
function tellUsd(usd: number): string {
  if (usd >= 999_500) return `$${(usd / 1e6).toFixed(1)} M`;
  return usd < 500 ? "under $1,000" : `$${Math.round(usd / 1000)},000`;
}

function refusal(ask: OperationsAsk, option: OperatingModel): string | undefined {
  if (option.name === "managed" && ask.isolation === "own-hardware") {
    return "own hardware is required, and a managed service brings its own";
  }
  if (ask.engineersAvailable !== undefined && option.engineers > ask.engineersAvailable) {
    return `needs ${option.engineers.toFixed(1)} engineers; ${ask.engineersAvailable} are at hand`;
  }
  return undefined;
}
