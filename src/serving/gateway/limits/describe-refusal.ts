import { formatDuration } from "../../../base/units.ts";
import type { LimitAsk, LimitRefusal } from "./limit-ledger.ts";
import type { LimitRule } from "./limit-rule.ts";

/** Says to a caller which limit refused, what was wanted of it, and when to come again. */
export function describeRefusal(ask: LimitAsk, refusal: LimitRefusal): string {
  const { limit, retryAfterMs } = refusal;
  const again =
    retryAfterMs === null
      ? "no waiting will help: ask for less, or ask an admin for a higher limit"
      : `try again in ${formatDuration(retryAfterMs)}`;
  return `the limit ${limit.name} allows ${boundOf(limit)}; ${wantedOf(limit, ask)}; ${again}`;
}

function boundOf(limit: LimitRule): string {
  const amount = limit.amount.toLocaleString("en-US");
  switch (limit.measure) {
    case "requests":
      return `${amount} requests a minute`;
    case "tokens":
      return `${amount} tokens a minute`;
    case "concurrency":
      return `${amount} requests at once`;
    case "money":
      return `${formatMoney(limit.amount)} ${limit.per === "total" ? "in all" : `a ${limit.per}`}`;
  }
}

function wantedOf(limit: LimitRule, ask: LimitAsk): string {
  switch (limit.measure) {
    case "requests":
    case "concurrency":
      return "this request is one too many";
    case "tokens":
      return `this request may take ${ask.tokens.toLocaleString("en-US")}, and fewer are left`;
    case "money":
      return `this request may cost ${formatMoney(ask.microMoney)}, and less is left`;
  }
}

function formatMoney(micros: number): string {
  return (micros / 1_000_000).toLocaleString("en-US", { maximumFractionDigits: 6 });
}
