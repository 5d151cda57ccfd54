import { seededRandom } from "../../base/random.ts";
import type { Assumptions, Default } from "../assumptions/assumption.ts";
import type { CapacityPlan } from "../capacity/plan-capacity.ts";
import type { OpenOffers } from "./choose-offers.ts";
import { compareSourcing, type SourcingOption } from "../cost/compare-sourcing.ts";
import { type CostRates, checkRates, ratesAt, type UncertainRates } from "../cost/cost-rates.ts";
import { projectCost, type Sourcing } from "../cost/project-cost.ts";
import type { ServerOffer } from "../cost/server-offers.ts";
import { drawTornado, simulateCost } from "../cost/simulate-cost.ts";
import { presentCost } from "../cost/summarise-cost.ts";
import { costDefaults, planDefaults } from "../assumptions/defaults.ts";
import type { CostPlan } from "./fleet-plan.ts";
import type { Plan } from "../model.ts";
import type { GivenRate } from "./plan-rates.ts";
import { infeasiblePlan, invalidPlan, requireCount, requirePositive, requireWithin } from "../problems/plan-fault.ts";
import type { JobReliability } from "./plan-reliability.ts";
import type { PricedRun } from "./priced-run.ts";
import { drawTriangular, exactly, type Spread, toUncertain, type Uncertain } from "../assumptions/uncertain.ts";

/** What the other parts of a plan say about money. */
export interface CostFacts {
  readonly server: ServerOffer;
  readonly capacity: CapacityPlan;
  readonly offers: OpenOffers;
  readonly networkUsd: number;
  readonly storageUsd: number;
  readonly gpus: number;
  readonly provisionedKw: number;
  readonly meanKw: number;
  readonly spareShare: number;
  readonly availability: number;
  readonly job: JobReliability;
  readonly stepTimeFactor: number;
  /** The run to price; undefined: none. */
  readonly run: PricedRun | undefined;
}

/** A job that makes less progress than this is priced as if it made this much: it should not run. */
const leastGoodput = 0.01;

/** All rates of the plan with their bounds; every one that was not given is recorded. */
export function collectRates(plan: Plan, facts: CostFacts, assumptions: Assumptions): UncertainRates {
  const { server } = facts;
  const given = plan.cost;
  const offer = { unit: "USD", source: server.source, confidence: server.confidence } as const;
  const take = (name: GivenRate, fallback: Default): Uncertain =>
    assumptions.take(`cost.${name}`, given[name], fallback);
  const usual = (name: keyof typeof costDefaults): Uncertain => take(name, costDefaults[name]);
  const rent = facts.offers.rent ?? given.rentUsdPerGpuHour;
  const reserve = facts.offers.reserve;
  const countedKw = facts.provisionedKw / facts.gpus;
  const allIn = Math.max(countedKw, server.allInKwPerGpu);
  const source = "network, storage and cooling included as published for such servers; least: nameplates of this plan";
  const provisioned: Default = { low: countedKw, mode: allIn, high: allIn * 1.05, ...offer, unit: "kW", source };
  return {
    serverUsdPerGpu: take("serverUsdPerGpu", { ...server.serverUsdPerGpu, ...offer }),
    networkUsdPerGpu: exactly(facts.networkUsd / facts.gpus),
    storageUsdPerGpu: exactly(facts.storageUsd / facts.gpus),
    installShare: usual("installShare"),
    priceChangePerYear: usual("priceChangePerYear"),
    valueLossPerYear: usual("valueLossPerYear"),
    lifeMonths: usual("lifeMonths"),
    discountRate: usual("discountRate"),
    facilityUsdPerKwMonth: usual("facilityUsdPerKwMonth"),
    provisionedKwPerGpu: assumptions.take("facility.provisionedKwPerGpu", undefined, provisioned),
    meanKwPerGpu: exactly(facts.meanKw / facts.gpus),
    pue: usual("pue"),
    usdPerKwh: usual("usdPerKwh"),
    engineersBase: usual("engineersBase"),
    engineersPerThousandGpus: usual("engineersPerThousandGpus"),
    ...takeRota(plan, take),
    usdPerEngineerYear: usual("usdPerEngineerYear"),
    supportShare: usual("supportShare"),
    softwareUsdPerGpuYear: usual("softwareUsdPerGpuYear"),
    rentUsdPerGpuHour: assumptions.take("cost.rentUsdPerGpuHour", rent, { ...server.rentUsdPerGpuHour, ...offer }),
    rentChangePerYear: usual("rentChangePerYear"),
    reserveDiscount: reserve === undefined ? usual("reserveDiscount") : exactly(0),
    reserveUsdPerGpuHour: reserve === undefined ? exactly(0) : toUncertain(reserve),
    cloudAdderShare: usual("cloudAdderShare"),
    cloudEngineerShare: usual("cloudEngineerShare"),
    utilisation: usual("utilisation"),
    spareShare: exactly(facts.spareShare),
    availability: exactly(facts.availability),
  };
}

/** People on call, where the plan asks for a rota or tells its people; nothing is assumed of one where neither is. */
function takeRota(
  plan: Plan,
  take: (name: "engineersOnRota" | "cloudRotaShare", fallback: Default) => Uncertain,
): Pick<UncertainRates, "engineersOnRota" | "cloudRotaShare"> {
  const { engineersOnRota: given, cloudRotaShare } = plan.cost;
  const isAsked = plan.operations.coverage === "around-the-clock" || given !== undefined;
  if (!isAsked) return { engineersOnRota: exactly(0), cloudRotaShare: toUncertain(cloudRotaShare ?? 1) };
  return {
    engineersOnRota: take("engineersOnRota", costDefaults.engineersOnRota),
    cloudRotaShare: take("cloudRotaShare", costDefaults.cloudRotaShare),
  };
}

/** The money of a plan: ways to get the GPUs, their spread, and what matters most. */
export function planCost(plan: Plan, facts: CostFacts, rates: UncertainRates, assumptions: Assumptions): CostPlan {
  const peaks = facts.capacity.months.map((month) => month.capacityGpus);
  const serverGpus = facts.server.gpusPerServer;
  const likeliest = ratesAt(rates, "mode");
  checkRates(ratesAt(rates, "low"));
  checkRates(ratesAt(rates, "high"));
  const comparison = compareSourcing(peaks, likeliest, serverGpus, facts.offers.open);
  const draws = assumptions.takeOne("simulation.draws", plan.simulation.draws, planDefaults.draws);
  const seed = assumptions.takeOne("simulation.seed", plan.simulation.seed, planDefaults.seed);
  requireCount("simulation.draws", draws, 1);
  const price = (sourcing: Sourcing, at: CostRates) =>
    presentCost(projectCost(peaks, sourcing, at, serverGpus), at.discountRate);
  const ways = drawWays(comparison.options, rates, { draws, seed, job: facts.job, price });
  const [best] = ways;
  if (best === undefined) throw infeasiblePlan("offers", "no way to get GPUs is open");
  const kgPerKwh = assumptions.takeOne("facility.gridKgPerKwh", plan.facility.gridKgPerKwh, planDefaults.gridKgPerKwh);
  if (!(kgPerKwh >= 0 && kgPerKwh <= gridKgMost)) {
    throw invalidPlan("facility.gridKgPerKwh", `a number from 0 to ${gridKgMost} (kilograms: 400 g are 0.4)`, kgPerKwh);
  }
  return {
    comparison: { ...comparison, options: ways.map(({ option }) => option) },
    best: best.option,
    months: projectCost(peaks, best.option.sourcing, likeliest, serverGpus),
    spreads: ways.map(({ option, present, gpuHour, cheapestShare }) => {
      return { name: option.name, present, gpuHour, cheapestShare };
    }),
    tornado: drawTornado(rates, (at) => price(best.option.sourcing, at).usdPerGpuHourUsed),
    draws,
    seed,
    utilisation: rates.utilisation,
    training: priceTraining(facts, best.usefulHour),
    usdPerMillionTokens: priceServing(plan, best.gpuHour),
    tonnesCo2PerYear: (facts.meanKw * likeliest.pue * 8760 * kgPerKwh) / 1000,
  };
}

/** A way to get GPUs with the spread of what it costs: in all, per used GPU-hour, and per hour that makes progress. */
interface DrawnWay {
  readonly option: SourcingOption;
  readonly present: Spread;
  readonly gpuHour: Spread;
  readonly usefulHour: Spread;
  readonly cheapestShare: number;
}

interface WayDraws {
  readonly draws: number;
  readonly seed: number;
  readonly job: JobReliability;
  readonly price: (sourcing: Sourcing, at: CostRates) => ReturnType<typeof presentCost>;
}

/** Carbon dioxide of a kilowatt-hour from the worst of grids is 1.2 kg. */
const gridKgMost = 3;

/** Figures that are drawn of each way. */
const drawnOfWay = 3;

/** All ways at the same draws, the one with the least median first: what is likeliest alone may mislead where rates are lopsided. */
function drawWays(
  options: readonly SourcingOption[],
  rates: UncertainRates,
  { draws, seed, job, price }: WayDraws,
): readonly DrawnWay[] {
  const wins = options.map(() => 0);
  const random = seededRandom(seed);
  const drawGoodput = (): number =>
    Math.max(
      leastGoodput,
      job.shareAt(drawTriangular(job.perMillion, random), drawTriangular(job.restartMinutes, random)),
    );
  const spreads = simulateCost(rates, draws, random, (at) => {
    const goodput = drawGoodput();
    const drawn = options.map(({ sourcing }) => price(sourcing, at));
    const presents = drawn.map(({ presentUsd }) => presentUsd);
    const winner = presents.indexOf(Math.min(...presents));
    wins[winner] = (wins[winner] ?? 0) + 1;
    return drawn.flatMap(({ presentUsd, usdPerGpuHourUsed: hour }) => [presentUsd, hour, hour / goodput]);
  });
  const zero: Spread = { p10: 0, p50: 0, p90: 0 };
  const ways = options.map((option, index): DrawnWay => {
    const [present = zero, gpuHour = zero, usefulHour = zero] = spreads.slice(drawnOfWay * index);
    return { option, present, gpuHour, usefulHour, cheapestShare: (wins[index] ?? 0) / draws };
  });
  return ways.toSorted((left, right) => left.present.p50 - right.present.p50);
}

function scale(spread: Spread, factor: number): Spread {
  return { p10: spread.p10 * factor, p50: spread.p50 * factor, p90: spread.p90 * factor };
}

/** A run at the price of a useful hour: failures and saving are in the price, and in the time at their likeliest. */
function priceTraining(facts: CostFacts, usefulHour: Spread): CostPlan["training"] {
  const { run } = facts;
  if (run === undefined) return null;
  requirePositive("training.tokensPerRun", run.tokensPerRun);
  requirePositive("training.tokensPerSecondPerGpu", run.tokensPerSecondPerGpu);
  requireWithin("training.tokensPerRun", run.tokensPerRun, 1, 1e18);
  requireWithin("training.tokensPerSecondPerGpu", run.tokensPerSecondPerGpu, 0.01, 1e8);
  requireCount("training.gpus", run.gpus, 1);
  if (run.gpus > facts.gpus) {
    const message = `the run asks for ${run.gpus} GPUs; the fleet has ${facts.gpus}`;
    throw infeasiblePlan("training.gpus", message);
  }
  const usefulHours = (run.tokensPerRun / run.tokensPerSecondPerGpu / 3600) * facts.stepTimeFactor;
  const gpuHours = usefulHours / Math.max(leastGoodput, facts.job.goodput.share);
  return { usdPerRun: scale(usefulHour, usefulHours), days: gpuHours / run.gpus / 24, gpuHours };
}

function priceServing(plan: Plan, gpuHour: Spread): Spread | null {
  if (plan.serving === undefined) return null;
  requirePositive("serving.tokensPerSecondPerGpu", plan.serving.tokensPerSecondPerGpu);
  return scale(gpuHour, 1e6 / (plan.serving.tokensPerSecondPerGpu * 3600));
}

/** Yearly cost of the machines of an option without people: what a manager's fee is counted on. */
export function machinesUsdPerYear(option: SourcingOption, months: number): number {
  return ((option.summary.presentUsd - option.summary.lines.people) * 12) / months;
}
