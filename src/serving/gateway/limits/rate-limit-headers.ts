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
  for (const measure of ["requests", "tokens"] as const) {
    let tightest: LimitAccount | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const account of accounts) {
      if (account.rule.measure !== measure) continue;
      const remaining = account.remaining(now);
      if (remaining >= least) continue;
      least = remaining;
      tightest = account;
    }
    if (tightest === null) continue;
    headers[`x-ratelimit-limit-${measure}`] = String(tightest.rule.amount);
    headers[`x-ratelimit-remaining-${measure}`] = String(Math.min(least, tightest.rule.amount));
    headers[`x-ratelimit-reset-${measure}`] = formatGoDuration(tightest.fullInMs(now) ?? 0);
  }
  return headers;
}
