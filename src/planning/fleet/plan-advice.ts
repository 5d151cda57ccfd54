import { parseSize } from "../../base/units.ts";
import { adviseOperations } from "../advice/advise-operations.ts";
import {
  alignWorkload,
  type Candidate,
  type WhatIf,
  type WorkloadAdvice,
  type WorkloadAsk,
} from "../advice/align-workload.ts";
import type { Rejection } from "../advice/keep-compliant.ts";
import type { Assumptions } from "../assumptions/assumption.ts";
import { visibleBytes } from "../catalog/accelerator.ts";
import { compareGrowth } from "../capacity/compare-growth.ts";
import { type CostRates, ratesAt, type UncertainRates } from "../cost/cost-rates.ts";
import { buyerTerms, costGpuHour } from "../cost/gpu-hour-cost.ts";
import { projectCost } from "../cost/project-cost.ts";
import type { ServerOffer } from "../cost/server-offers.ts";
import { summariseCost } from "../cost/summarise-cost.ts";
import type { QuantityError } from "../accuracy/error-statement.ts";
import { findServer, listServers } from "./find-server.ts";
import type { CostPlan, FleetAdvice } from "./fleet-plan.ts";
import type { Plan } from "../model.ts";
import { contradictoryPlan, requireWithin } from "../problems/plan-fault.ts";
import { machinesUsdPerYear } from "./plan-cost.ts";
import { planDefaults } from "../assumptions/defaults.ts";
import { type SizedWorkload, sizeWorkload } from "./size-workload.ts";

type Workload = Plan["workloads"][number];

/** What the advice looks at besides the plan. */
export interface AdviceFacts {
  readonly server: ServerOffer;
  readonly cost: CostPlan;
  readonly rates: UncertainRates;
  readonly peaks: readonly number[];
  readonly gpus: number;
  readonly rejectedOffers: readonly Rejection[];
  readonly bottlenecks: readonly string[];
}

/** Which GPU for which workload, how to grow, who runs it, and what would change the answer. */
export function planAdvice(
  plan: Plan,
  facts: AdviceFacts,
  assumptions: Assumptions,
): { readonly advice: FleetAdvice; readonly errors: readonly QuantityError[] } {
  const named = plan.workloads.map((workload, index) => nameServers(plan, workload, index, assumptions));
  const servers = new Map(
    [...listServers(plan), ...named.flatMap((each) => each.servers)].map((each) => [each.gpu, each]),
  );
  const candidates = [...servers.values()].map(toCandidate);
  const workloads = named.map(({ ask }) => alignWorkload(ask, candidates));
  const rates = ratesAt(facts.rates, "mode");
  const coverage = plan.operations.coverage ?? "office-hours";
  if (plan.operations.coverage === undefined)
    assumptions.note("operations.coverage", coverage, "chosen by the planner");
  const available = plan.operations.engineersAvailable;
  if (available !== undefined) requireWithin("operations.engineersAvailable", available, 0, 100_000);
  const isOwner = facts.cost.best.sourcing.ownShare > 0;
  const advice = {
    workloads,
    growth: named.flatMap(({ ask }) => growthPaths(plan, [...servers.values()], ask, facts.server, assumptions)),
    operations: adviseOperations({
      gpus: facts.gpus,
      coverage,
      engineersBase: rates.engineersBase,
      engineersPerThousandGpus: rates.engineersPerThousandGpus,
      usdPerEngineerYear: rates.usdPerEngineerYear,
      share: isOwner ? 1 : rates.cloudEngineerShare,
      peopleOnRota: rates.engineersOnRota * (isOwner ? 1 : rates.cloudRotaShare),
      machinesUsdPerYear: machinesUsdPerYear(facts.cost.best, facts.peaks.length),
      isolation: plan.compliance.isolation,
      ...(available === undefined ? {} : { engineersAvailable: available }),
    }),
    rejected: [...facts.rejectedOffers, ...rejectSourcing(facts.cost)],
    whatIfs: askWhatIf(facts, rates),
    bottlenecks: facts.bottlenecks,
  };
  return { advice, errors: errorsOf(named, workloads) };
}

/** A workload with its throughputs under the catalog's names, and the servers that they name. */
interface NamedWorkload {
  readonly ask: WorkloadAsk;
  readonly servers: readonly ServerOffer[];
  /** Of what was sized from a model, by GPU. */
  readonly errors: SizedWorkload["errors"];
}

function nameServers(plan: Plan, workload: Workload, index: number, assumptions: Assumptions): NamedWorkload {
  const { name, unit = "tokens", targetPerSecond, served } = workload;
  const path = `workloads[${index}]`;
  if (served !== undefined) {
    const servers = listServers(plan);
    const { throughput, replicas, whyNot, errors } = sizeWorkload(`${path}.served`, served, servers);
    const words = `what each GPU yields of ${served.model} in a closed loop within the goals, by the best layout and number of requests in flight`;
    assumptions.note(`${path}.throughput`, "sized", words);
    const ask = {
      path,
      name,
      unit,
      targetPerSecond,
      memoryGigabytes: 0,
      perGpuPerSecond: throughput,
      replicas,
      whyNot,
    };
    return { ask, servers, errors };
  }
  const given = Object.entries(workload.throughput ?? {});
  const found = given.map(([gpu, perSecond]) => [findServer(plan, `${path}.throughput`, gpu), perSecond] as const);
  for (const [{ gpu, fallbacks }] of found) {
    if (fallbacks !== undefined)
      assumptions.note(`${path}.throughput.${gpu}`, gpu, fallbacks.map(({ words }) => words).join("; "));
  }
  refuseTwiceNamed(path, found);
  const perGpuPerSecond = Object.fromEntries(found.map(([server, perSecond]) => [server.gpu, perSecond]));
  const memoryGigabytes = workload.memory === undefined ? 0 : parseSize(workload.memory) / 1e9;
  const ask = { path, name, unit, targetPerSecond, memoryGigabytes, perGpuPerSecond };
  return { ask, servers: found.map(([server]) => server), errors: {} };
}

/** Two spellings of one GPU would hide one of their figures. */
function refuseTwiceNamed(path: string, found: readonly (readonly [ServerOffer, number])[]): void {
  const names = found.map(([{ gpu }]) => gpu);
  const twice = names.find((gpu, at) => names.indexOf(gpu) !== at);
  if (twice === undefined) return;
  throw contradictoryPlan(`${path}.throughput`, `two of its names are of ${twice}; keep one`);
}

/** How wrong the throughputs of sized workloads may be, on the GPU that each is advised to take. */
function errorsOf(named: readonly NamedWorkload[], workloads: readonly WorkloadAdvice[]): readonly QuantityError[] {
  return named.flatMap(({ ask, errors }, index) => {
    const best = workloads[index]?.options[0]?.gpu ?? "";
    return (errors[best] ?? []).map((error) => ({ ...error, quantity: `${ask.name} on ${best}: ${error.quantity}` }));
  });
}

/** GPUs are compared at what a neocloud pays for owning one for an hour, so that all stand on one footing. */
function toCandidate(offer: ServerOffer): Candidate {
  return {
    gpu: offer.gpu,
    memoryGigabytes: visibleBytes({ name: offer.gpu, memoryGb: offer.memoryGigabytes }) / 1e9,
    gpusPerServer: offer.gpusPerServer,
    usdPerGpuHour: costGpuHour(offer, buyerTerms.neocloud).p50,
  };
}

function growthPaths(
  plan: Plan,
  servers: readonly ServerOffer[],
  ask: WorkloadAsk,
  server: ServerOffer,
  assumptions: Assumptions,
): FleetAdvice["growth"] {
  const rackKw = assumptions.takeOne("facility.rackKw", plan.facility.rackKw, planDefaults.rackKw);
  const toOption = (offer: ServerOffer, perGpuPerSecond: number) => ({
    gpu: offer.gpu,
    gpusPerServer: offer.gpusPerServer,
    perGpuPerSecond,
    usdPerGpuHour: costGpuHour(offer, buyerTerms.neocloud).p50,
    serverRatedKw: offer.serverRatedKw,
    rackKw,
  });
  const own = ask.perGpuPerSecond[server.gpu];
  if (own === undefined) return [];
  const others = servers.flatMap((offer) => {
    const speed = ask.perGpuPerSecond[offer.gpu];
    return speed === undefined ? [] : [toOption(offer, speed)];
  });
  return [{ workload: ask.name, paths: compareGrowth(ask.targetPerSecond, toOption(server, own), others) }];
}

function rejectSourcing(cost: CostPlan): readonly Rejection[] {
  const [best, ...others] = cost.spreads;
  if (best === undefined) return [];
  return others.map(({ name, present }) => {
    const more = (present.p50 / best.present.p50 - 1) * 100;
    return {
      option: name,
      why: `costs ${more < 10 ? more.toFixed(1) : more.toFixed(0)} % more than ${best.name} over the horizon (P50)`,
    };
  });
}

/** Dollars per used GPU-hour of the best way when one thing is different. */
function askWhatIf(facts: AdviceFacts, rates: CostRates): readonly WhatIf[] {
  const price = (at: CostRates): number =>
    summariseCost(projectCost(facts.peaks, facts.cost.best.sourcing, at, facts.server.gpusPerServer), at.discountRate)
      .usdPerGpuHourUsed;
  const now = price(rates);
  const tell = (change: string, changed: Partial<CostRates>): WhatIf => {
    const then = price({ ...rates, ...changed });
    const delta = (then / now - 1) * 100;
    if (Math.abs(delta) < 0.05) return { change, effect: `no difference to ${facts.cost.best.name}` };
    return {
      change,
      effect: `$${then.toFixed(2)} per used GPU-hour (${delta >= 0 ? "+" : ""}${delta.toFixed(1)} %)`,
    };
  };
  return [
    tell("ten points more utilisation", { utilisation: Math.min(1, rates.utilisation + 0.1) }),
    tell("ten points less utilisation", { utilisation: Math.max(0.01, rates.utilisation - 0.1) }),
    tell("servers 20 % cheaper", { serverUsdPerGpu: rates.serverUsdPerGpu * 0.8 }),
    tell("energy at twice the price", { usdPerKwh: rates.usdPerKwh * 2 }),
    tell("no spares", { spareShare: 0, availability: 1 }),
    tell("one engineer more", {
      engineersBase: rates.engineersBase + 1,
      engineersOnRota: rates.engineersOnRota === 0 ? 0 : rates.engineersOnRota + 1,
    }),
  ];
}
