import type { Instant } from "../base/clock.ts";
import { parseDuration } from "../base/units.ts";
import { parseIsoDate } from "../base/iso-date.ts";
import type { TrainingJobSpec } from "../training/model.ts";
import type { RetrainPolicy } from "./model.ts";

/** A training job as far as a plan needs it. */
export interface KnownJob {
  readonly name: string;
  readonly startedBy: string | undefined;
  readonly to: string;
  readonly isActive: boolean;
  readonly createdAt: Instant;
}

/** What is known when drift was found. */
export interface RetrainCase {
  readonly monitor: string;
  readonly policy: RetrainPolicy;
  readonly cooldown: string;
  readonly template: TrainingJobSpec;
  readonly jobs: readonly KnownJob[];
  /** End of the training window of the version that serves; null when nobody said what that was trained on. */
  readonly trainedTo: Instant | null;
  /** Newest moment whose outcome is known, or null. */
  readonly newestOutcome: Instant | null;
  readonly now: Instant;
}

export type RetrainPlan =
  | { readonly kind: "start"; readonly name: string; readonly spec: TrainingJobSpec }
  | { readonly kind: "running"; readonly name: string }
  | { readonly kind: "skip"; readonly reason: string };

const dayMs = 86_400_000;

/** How a job names the monitor that started it. */
export function startedByMonitor(monitor: string): string {
  return `drift-monitor:${monitor}`;
}

/**
 * Plans the retraining: the template with a longer window, at most one at a time and none within the cooldown.
 *
 * The same facts give the same name and spec, so a crash between starting a job and noting it starts no second one. A
 * window that was trained on already, by the version that serves or by an earlier retraining, is not trained on again.
 */
export function planRetraining(given: RetrainCase): RetrainPlan {
  const { policy, template, now } = given;
  const own = given.jobs.filter((job) => job.startedBy === startedByMonitor(given.monitor));
  const active = own.find((job) => job.isActive);
  if (active !== undefined) return { kind: "running", name: active.name };
  const latest = own.reduce((newest, job) => Math.max(newest, job.createdAt), 0);
  if (latest > 0 && now - latest < parseDuration(given.cooldown)) {
    return { kind: "skip", reason: `the last retraining began less than ${given.cooldown} ago` };
  }
  const end = endOf(policy, given.newestOutcome);
  if (end === null) return { kind: "skip", reason: "no outcome is known yet, so there is nothing new to learn from" };
  if (given.trainedTo !== null && end <= given.trainedTo) {
    return { kind: "skip", reason: "the version that serves was trained on all of that history already" };
  }
  const to = formatIso(end);
  const same = own.find((job) => parseIsoDate(job.to) === end);
  if (same !== undefined)
    return { kind: "skip", reason: `${same.name} was trained on the history up to ${to} already` };
  const trainingSet = { ...template.trainingSet, to };
  const spec = { ...template, trainingSet, startedBy: startedByMonitor(given.monitor) };
  return { kind: "start", name: `${policy.prefix}-${nextNumber(policy.prefix, given.jobs)}`, spec };
}

function endOf(policy: RetrainPolicy, newestOutcome: Instant | null): Instant | null {
  if (policy.extendTo !== "newest-outcomes") return parseIsoDate(policy.extendTo) ?? null;
  if (newestOutcome === null) return null;
  return Math.floor((newestOutcome - parseDuration(policy.holdOut)) / dayMs) * dayMs;
}

function nextNumber(prefix: string, jobs: readonly KnownJob[]): number {
  const numbers = jobs.flatMap((job) => {
    const match = job.name.startsWith(`${prefix}-`) ? /^\d+$/.exec(job.name.slice(prefix.length + 1)) : null;
    return match === null ? [] : [Number(match[0])];
  });
  return Math.max(0, ...numbers) + 1;
}

/**
 * Writes a moment as `2001-05-01T00:00:00Z`, by the proleptic Gregorian calendar.
 *
 * Source: Hinnant, "chrono-compatible low-level date algorithms" (2013), civil_from_days.
 */
export function formatIso(moment: Instant): string {
  const days = Math.floor(moment / dayMs) + 719_468;
  const era = Math.floor(days / 146_097);
  const dayOfEra = days - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const seconds = Math.floor((moment - Math.floor(moment / dayMs) * dayMs) / 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const time = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(":");
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T${time}Z`;
}
