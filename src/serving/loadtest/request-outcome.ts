import type { Millis } from "../../base/clock.ts";
import type * as z from "zod";
import type { loadTestSloSchema } from "./model.ts";

/** Moments are milliseconds from the beginning of the test. */
interface RequestMoments {
  /** When the plan wanted it to be sent. */
  readonly dueAt: Millis;
  readonly sentAt: Millis;
  readonly endAt: Millis;
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
}

/** What became of one request. */
export type RequestOutcome = RequestMoments &
  (
    | {
        readonly kind: "done";
        /** First and last token of a stream; null where nothing was streamed. */
        readonly firstAt: Millis | null;
        readonly lastAt: Millis | null;
      }
    | { readonly kind: "failed"; readonly code: string; readonly message: string }
  );

/** Milliseconds for each token after the first; null where there is none. */
export function tpotOfAnswer(outcome: RequestOutcome): Millis | null {
  if (outcome.kind !== "done" || outcome.firstAt === null || outcome.lastAt === null) return null;
  return outcome.outputTokens < 2 ? null : (outcome.lastAt - outcome.firstAt) / (outcome.outputTokens - 1);
}

/** Whether a request was answered and kept every bound that there is. */
export function keepsLoadTestSlo(outcome: RequestOutcome, slo: z.output<typeof loadTestSloSchema>): boolean {
  if (outcome.kind !== "done") return false;
  const endToEndMs = outcome.endAt - outcome.dueAt;
  const ttftMs = outcome.firstAt === null ? endToEndMs : outcome.firstAt - outcome.dueAt;
  if (slo.ttftMs !== undefined && ttftMs > slo.ttftMs) return false;
  if (slo.tpotMs !== undefined && (tpotOfAnswer(outcome) ?? 0) > slo.tpotMs) return false;
  return slo.endToEndMs === undefined || endToEndMs <= slo.endToEndMs;
}
