import type { Instant } from "../../../base/clock.ts";
import { formatGoDuration } from "./go-duration.ts";
import type { LimitAccount } from "./limit-account.ts";

/**
 * What OpenAI's clients read of their limits, for the limit of each measure of which least is left.
 *
 * `x-ratelimit-limit-requests`, `…-remaining-requests`, `…-reset-requests`, and the same for tokens; resets are durations
 * as Go writes them. A measure that nothing limits has no headers.
 */
export function rateLimitHeaders(accounts: readonly LimitAccount[], now: Instant): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  const requests = tightestOf(accounts, "requests", now);
  if (requests !== null) {
    headers["x-ratelimit-limit-requests"] = requests.limit;
    headers["x-ratelimit-remaining-requests"] = requests.remaining;
    headers["x-ratelimit-reset-requests"] = requests.reset;
  }
  const tokens = tightestOf(accounts, "tokens", now);
  if (tokens !== null) {
    headers["x-ratelimit-limit-tokens"] = tokens.limit;
    headers["x-ratelimit-remaining-tokens"] = tokens.remaining;
    headers["x-ratelimit-reset-tokens"] = tokens.reset;
  }
  return headers;
}

interface Told {
  readonly limit: string;
  readonly remaining: string;
  readonly reset: string;
}

function tightestOf(accounts: readonly LimitAccount[], measure: "requests" | "tokens", now: Instant): Told | null {
  let tightest: LimitAccount | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const account of accounts) {
    if (account.rule.measure !== measure) continue;
    const remaining = account.remaining(now);
    if (remaining >= least) continue;
    least = remaining;
    tightest = account;
  }
  if (tightest === null) return null;
  const { amount } = tightest.rule;
  return {
    limit: String(amount),
    remaining: String(Math.min(least, amount)),
    reset: formatGoDuration(tightest.fullInMs(now) ?? 0),
  };
}
