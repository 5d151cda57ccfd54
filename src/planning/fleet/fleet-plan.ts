import type { OperationsAdvice } from "../advice/advise-operations.ts";
import type { WhatIf, WorkloadAdvice } from "../advice/align-workload.ts";
import type { Rejection } from "../advice/keep-compliant.ts";
import type { Assumption } from "../assumptions/assumption.ts";
import type { Fallback } from "../catalog/fallback.ts";
import type { GrowthPath } from "../capacity/compare-growth.ts";
import type { Goodput } from "../capacity/goodput.ts";
import type { CapacityPlan } from "../capacity/plan-capacity.ts";
import type { SourcingComparison, SourcingOption } from "../cost/compare-sourcing.ts";
import type { MonthlyCost } from "../cost/project-cost.ts";
import type { TornadoBar } from "../cost/simulate-cost.ts";
import type { FleetErrors } from "./fleet-errors.ts";
import type { Fabric } from "../network/design-fabric.ts";
import type { Links, Part } from "../network/network-parts.ts";
import type { OversubscriptionPrice } from "../network/oversubscription-price.ts";
import type { PowerPlan } from "../power/size-power.ts";
import type { StoragePlan } from "../storage/size-storage.ts";
import type { TrainingMemory } from "../training/memory.ts";
import type { StepTime } from "../training/step-time.ts";
import type { Layout } from "../training/training-job.ts";
import type { TracePlan } from "../trace/model.ts";
import type { Spread, Uncertain } from "../assumptions/uncertain.ts";

/** One oversubscription that could have been chosen. */
export interface NetworkAlternative {
  readonly oversubscription: number;
  readonly usd: number;
  readonly ringStepFactor: number;
  readonly allToAllStepFactor: number;
}

/** The fabric between servers with its parts and what its oversubscription costs. */
export interface NetworkPlan {
  readonly fabric: Fabric;
  readonly links: Links;
  readonly switchName: string;
  readonly portGigabits: number;
  readonly switches: number;
  readonly powerKw: number;
  readonly oversubscription: OversubscriptionPrice;
  /** The same fabric at other oversubscriptions: what is saved, and what a training step loses. */
  readonly alternatives: readonly NetworkAlternative[];
}

/** Failures of the fleet and of its largest job. */
export interface ReliabilityPlan {
  readonly job: Goodput;
  readonly jobGpus: number;
  /** Mean time between interruptions anywhere in the fleet. */
  readonly fleetMtbfHours: number;
  readonly nodeAvailability: number;
  /** That the confidence asks for; a fleet of fixed size does not buy them. */
  readonly spareServers: number;
  readonly spareServersBought: number;
  readonly perYear: readonly { readonly component: string; readonly failures: number; readonly isReplaced: boolean }[];
}

/** One training run of a stage that names its model, on the layout that was found for it. */
export interface SizedRun {
  /** The name of its stage. */
  readonly stage: string;
  readonly model: string;
  /** The model as the plan names it. */
  readonly asked: string;
  readonly accelerator: string;
  readonly gpus: number;
  readonly tokens: number;
  readonly layout: Layout;
  readonly step: StepTime;
  readonly memory: TrainingMemory;
  /** Useful GPU-hours, as a stage states them: failures and saving are not in them. */
  readonly gpuHours: number;
  /** Days of wall time, failures and saving included, with the 80 % interval of the step. */
  readonly days: { readonly low: number; readonly likely: number; readonly high: number };
  /** Part of the step that waits for other servers, 0..1; 0 within one server. */
  readonly exposedShare: number;
  /** Numbers of GPUs that were looked at where the plan gave a time, and the days on each; null: it cannot run there. */
  readonly tried: readonly { readonly gpus: number; readonly days: number | null }[];
}

/** Money, with how wrong it may be. */
export interface CostPlan {
  readonly comparison: SourcingComparison;
  /** The cheapest way that is open. */
  readonly best: SourcingOption;
  readonly months: readonly MonthlyCost[];
  /** Present cost, dollars per used GPU-hour, and in which share of the draws each option is the cheapest. */
  readonly spreads: readonly {
    readonly name: SourcingOption["name"];
    readonly present: Spread;
    readonly gpuHour: Spread;
    readonly cheapestShare: number;
  }[];
  /** Of the best option's dollars per used GPU-hour. */
  readonly tornado: readonly TornadoBar[];
  readonly draws: number;
  readonly seed: number;
  readonly utilisation: Uncertain;
  readonly training: { readonly usdPerRun: Spread; readonly days: number; readonly gpuHours: number } | null;
  readonly usdPerMillionTokens: Spread | null;
  readonly tonnesCo2PerYear: number;
}

/** Advice on what to run where, and who runs it. */
export interface FleetAdvice {
  readonly workloads: readonly WorkloadAdvice[];
  readonly growth: readonly { readonly workload: string; readonly paths: readonly GrowthPath[] }[];
  readonly operations: OperationsAdvice;
  readonly rejected: readonly Rejection[];
  readonly whatIfs: readonly WhatIf[];
  readonly bottlenecks: readonly string[];
}

/** The answer to a whole plan. */
export interface FleetPlan {
  readonly name: string;
  readonly startMonth: string;
  readonly gpu: string;
  readonly gpusPerServer: number;
  readonly servers: number;
  readonly gpusWithSpares: number;
  readonly capacity: CapacityPlan;
  /** Runs of stages that name the model that they train. */
  readonly runs: readonly SizedRun[];
  /** A queue packed by the scheduling engine; null without a trace. */
  readonly trace: TracePlan | null;
  readonly network: NetworkPlan;
  readonly storage: StoragePlan;
  readonly power: PowerPlan;
  readonly reliability: ReliabilityPlan;
  readonly cost: CostPlan;
  readonly advice: FleetAdvice;
  readonly parts: readonly Part[];
  /** What in the plan looks wrong, though it can be answered. */
  readonly cautions: readonly string[];
  /** What stands in for a GPU, or a price of its server, that the catalog does not have. */
  readonly fallbacks: readonly Fallback[];
  /** How wrong each part of the answer may be, from the benchmark's measured rows. */
  readonly errors: FleetErrors;
  readonly assumptions: readonly Assumption[];
  readonly choices: readonly { readonly path: string; readonly choice: string; readonly source: string }[];
}
