import type { ResourceSummary } from "../../api/resources.ts";
import type { VersionRow } from "../../api/registry.ts";
import type { Tone } from "../../words/state-tone.ts";
import { toneOf } from "../../words/state-tone.ts";

/** One stage of the way from data to a watched model. */
export interface Stage {
  readonly name: string;
  readonly path: "/data" | "/runs" | "/models" | "/deployments" | "/drift";
  readonly tone: Tone;
  readonly headline: string;
  readonly detail: string;
}

/** Everything that the chain is told from. */
export interface ChainFacts {
  readonly datasets: readonly ResourceSummary[];
  readonly trainingJobs: readonly ResourceSummary[];
  readonly evaluations: readonly ResourceSummary[];
  readonly versions: readonly VersionRow[];
  readonly deployments: readonly ResourceSummary[];
  readonly monitors: readonly ResourceSummary[];
  readonly openAlerts: number;
}

const severity: readonly Tone[] = ["bad", "running", "warning", "waiting", "special", "good", "off"];

/** The tone that most deserves attention. */
export function gravestTone(tones: readonly Tone[]): Tone {
  return severity.find((tone) => tones.includes(tone)) ?? "off";
}

function countWord(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function phasesOf(resources: readonly ResourceSummary[]): string {
  const counts = new Map<string, number>();
  for (const each of resources) counts.set(each.phase, (counts.get(each.phase) ?? 0) + 1);
  return [...counts].map(([phase, count]) => (counts.size === 1 ? phase : `${count} ${phase}`)).join(", ");
}

function ofResources(
  name: string,
  path: Stage["path"],
  resources: readonly ResourceSummary[],
  noun: string,
  none: string,
): Stage {
  return {
    name,
    path,
    tone: gravestTone(resources.map((each) => toneOf(each.phase))),
    headline: countWord(resources.length, noun),
    detail: resources.length === 0 ? none : phasesOf(resources),
  };
}

function evaluationStage(facts: ChainFacts): Stage {
  const candidates = facts.versions.filter((version) => version.state === "candidate").length;
  const judged = facts.versions.filter((version) => version.state !== "candidate");
  const rejected = judged.filter((version) => version.state === "rejected").length;
  return {
    name: "Evaluate",
    path: "/models",
    tone: candidates > 0 ? "running" : judged.length > 0 ? "good" : "off",
    headline: candidates > 0 ? `${candidates} under test` : countWord(judged.length, "verdict"),
    detail: judged.length === 0 ? "no candidate yet" : `${judged.length - rejected} passed, ${rejected} rejected`,
  };
}

function approvalStage(facts: ChainFacts): Stage {
  const waiting = facts.versions.filter((version) => version.state === "passed").length;
  const approved = facts.versions.filter((version) => version.state === "approved").length;
  return {
    name: "Approve",
    path: "/models",
    tone: waiting > 0 ? "warning" : approved > 0 ? "good" : "off",
    headline: waiting > 0 ? `${waiting} waiting` : `${approved} approved`,
    detail: waiting > 0 ? "for a second identity" : "nobody is asked",
  };
}

/** The six stages from data to watching, each with what it does now. Pure. */
export function chainStages(facts: ChainFacts): readonly Stage[] {
  const watch = ofResources("Watch", "/drift", facts.monitors, "monitor", "no drift monitor yet");
  return [
    ofResources("Data", "/data", facts.datasets, "dataset", "no dataset yet"),
    ofResources("Train", "/runs", facts.trainingJobs, "job", "no training job yet"),
    evaluationStage(facts),
    approvalStage(facts),
    ofResources("Serve", "/deployments", facts.deployments, "deployment", "no deployment yet"),
    facts.openAlerts > 0 ? { ...watch, tone: "warning", detail: countWord(facts.openAlerts, "open alert") } : watch,
  ];
}
