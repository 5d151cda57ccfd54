import type { Instant, Millis } from "../../../base/clock.ts";
import type { Member } from "./member.ts";

/** What the engine said loses weight by 1/e in this time; it is asked every second or so. */
const engineWordMs: Millis = 5_000;
const kvPressureMax = 10;
/** A new replica gets its whole share after this time (reference value of Envoy's and linkerd's slow start). */
export const slowStartMs: Millis = 30_000;
/** The least share during slow start: with less it would never show what it can do. */
const slowStartShareMin = 0.1;
/** A failure is forgotten to 1/e in this time. */
const failureMs: Millis = 10_000;
/** Each recent failure makes a replica look so many times busier, up to the limit. */
const failurePenalty = 2;
const failuresMax = 16;

/** Fixed cost of a request, as tokens: batching, sampling and the network cost as much as some prompt tokens. */
export const requestTokens = 64;
/** What a token of the answer weighs next to a token of the prompt: its step is shared by few, a prompt's by thousands. */
export const outputTokenWeight = 4;

/** Requests in flight on a replica: ours, those of other workers, and what else its engine counts. */
export function requestsOn(member: Member, now: Instant): number {
  return member.requests + member.heardRequests + excessOn(member, now);
}

/** Requests that the engine counts and no worker of ours; less the longer ago it said so. */
export function excessOn(member: Member, now: Instant): number {
  if (member.excessRequests === 0) return 0;
  return member.excessRequests * Math.exp(-Math.max(0, now - member.excessAt) / engineWordMs);
}

/** k/(1−k) for the part k of its KV cache that the engine said is in use; less the longer ago it said so. */
export function kvPressureOf(member: Member, now: Instant): number {
  if (member.kvUsage === 0) return 0;
  const usage = member.kvUsage * Math.exp(-Math.max(0, now - member.kvUsageAt) / engineWordMs);
  return Math.min(kvPressureMax, usage / Math.max(1e-9, 1 - usage));
}

/** Prompt tokens that a replica must compute before a new prompt's turn comes. */
export function prefillOn(member: Member, excessTokens: number, now: Instant): number {
  return member.prefillTokens + member.heardPrefillTokens + excessOn(member, now) * excessTokens;
}

/**
 * The share of its weight that a replica can be given now: less while it is new, and after failures.
 *
 * Never zero: a replica that failed is tried again, ever more often.
 */
export function capacityOf(member: Member, now: Instant): number {
  let capacity = member.endpoint.weight;
  if (member.joinedAt !== null && now < member.joinedAt + slowStartMs) {
    capacity *= Math.max(slowStartShareMin, (now - member.joinedAt) / slowStartMs);
  }
  if (member.failures > 0) {
    const recent = member.failures * Math.exp(-Math.max(0, now - member.failuresAt) / failureMs);
    capacity /= 1 + failurePenalty * recent;
  }
  return capacity;
}

export function countFailure(member: Member, now: Instant): void {
  const recent = member.failures * Math.exp(-Math.max(0, now - member.failuresAt) / failureMs);
  member.failures = Math.min(failuresMax, recent + 1);
  member.failuresAt = now;
}

/**
 * Work in flight on a replica in tokens for each unit of its weight: what it must compute of prompts, and the answers
 * that it must write.
 *
 * @param tokensPerRequest what a request of which only its number is known counts as.
 */
export function loadOn(member: Member, tokensPerRequest: number, now: Instant): number {
  const told = member.prefillTokens + member.heardPrefillTokens;
  const answers = (member.outputTokens + member.heardOutputTokens) * outputTokenWeight;
  const fixed = (member.requests + member.heardRequests) * requestTokens;
  return (told + answers + fixed + excessOn(member, now) * tokensPerRequest) / capacityOf(member, now);
}
