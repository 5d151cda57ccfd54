import type { Instant, Millis } from "../../../base/clock.ts";
import type { Member } from "./member.ts";

/** A pace sinks to 1/e in this time, so that a replica that was slow is asked again. */
const decayMs: Millis = 10_000;

/**
 * Takes in one time to the first token, as milliseconds for each prompt token that had to be computed.
 *
 * A worse one counts at once, a better one slowly: peak-EWMA (Finagle, linkerd), here on the pace and not on the whole
 * answer, whose length says nothing about the replica.
 */
export function observePeakPace(member: Member, paceMs: number, now: Instant): void {
  const known = peakPaceOf(member, now);
  const kept = Math.exp(-Math.max(0, now - member.peakPaceAt) / decayMs);
  member.peakPaceMs = known === null || paceMs > known ? paceMs : known * kept + paceMs * (1 - kept);
  member.peakPaceAt = now;
}

/** The pace as it counts now; null before the first answer. */
export function peakPaceOf(member: Member, now: Instant): number | null {
  if (member.peakPaceMs === null) return null;
  return member.peakPaceMs * Math.exp(-Math.max(0, now - member.peakPaceAt) / decayMs);
}
