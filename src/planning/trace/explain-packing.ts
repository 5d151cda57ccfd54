import { writeCount, writeNumber, writeSeconds, writeShare } from "../report/write-figure.ts";
import type { PackedFleet, TracePlan } from "./model.ts";

type Facts = Omit<TracePlan, "differences">;

/** A difference between two answers smaller than this needs no words. */
const alikeShare = 0.02;

/** Why the packed answer is not the formula's: what the formula cannot see, each with its figure. */
export function explainPacking(facts: Facts, gpusPerServer: number): readonly string[] {
  const { servers, formula, fleets, load, target } = facts;
  const found = fleets.find((fleet) => fleet.servers === servers);
  const atFormula = fleets.find((fleet) => fleet.servers === formula.servers);
  const goal = `${writeShare(target.share)} start within ${writeSeconds(target.waitSeconds)}`;
  if (found === undefined) {
    const most = fleets.at(-1);
    return [
      `no fleet of up to ${most?.servers ?? 0} servers lets ${goal}: ${tell(most)}; allow longer waits, or split the widest workloads`,
    ];
  }
  const more = found.servers - formula.servers;
  return [
    verdict(found, formula.servers, goal),
    ...(atFormula === undefined || more === 0
      ? []
      : [`on the formula's ${writeCount(formula.servers, "server")} ${tell(atFormula)}`]),
    `the formula reckons with a busy month (${formula.how}); the queue asks for ${writeNumber(load.meanGpus)} GPUs on average, ${writeNumber(load.p95Gpus)} in 95 % of the time and ${writeNumber(load.maxGpus)} at most, and those that wait fill the valleys behind the peaks`,
    ...(facts.planned * gpusPerServer < load.meanGpus ? [fallsBehind(facts)] : []),
    ...gangs(facts, found, gpusPerServer),
    ...(facts.hours < hoursOfWeek ? [shortTrace(facts.hours)] : []),
  ];
}

const hoursOfWeek = 168;

function verdict(found: PackedFleet, formula: number, goal: string): string {
  const more = found.servers - formula;
  const share = Math.abs(more) / formula;
  const than = more > 0 ? `${more} more` : `${-more} fewer`;
  const beside =
    more === 0 || share < alikeShare ? "as many as the formula says" : `${than} than the formula's ${formula}`;
  return `${writeCount(found.servers, "server")} ${found.servers === 1 ? "lets" : "let"} ${goal}: ${beside}`;
}

function tell(fleet: PackedFleet | undefined): string {
  if (fleet === undefined) return "nothing was simulated";
  const waits = `${writeShare(fleet.inTimeShare)} start in time, the 95th percentile of waits is ${writeSeconds(fleet.waitP95Seconds)}`;
  return `${waits}, GPUs are in use ${writeShare(fleet.utilisation)} of the time`;
}

function gangs({ widestGpus }: Facts, found: PackedFleet, gpusPerServer: number): readonly string[] {
  const fragmented = `${writeShare(found.fragmentedShare)} of the idle GPUs there are in pieces that the typical workload cannot use`;
  const widest =
    widestGpus > gpusPerServer
      ? `the widest workload holds ${widestGpus} GPUs (${Math.ceil(widestGpus / gpusPerServer)} servers) together, which the formula rounds up to and the engine clears a place for`
      : `no workload is wider than one server`;
  return [`${fragmented}; ${widest}`];
}

function fallsBehind({ planned, load }: Facts): string {
  return `the plan's ${writeCount(planned, "server")} hold fewer GPUs than the queue asks for on average (${writeNumber(load.meanGpus)}): waits would grow as long as it goes on; the plan's stages and its trace tell of different demands`;
}

function shortTrace(hours: number): string {
  return `the trace tells of ${writeNumber(hours)} hours only: it holds no week, so neither answer knows its busiest days`;
}
