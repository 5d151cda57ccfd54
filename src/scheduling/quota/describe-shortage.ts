import { toAmount, toQuantity } from "./quantity.ts";
import type { QuotaShortage } from "./quota-fit.ts";

/**
 * Says which limit a request would break: `team/vision may use 8 H100 GPUs (4 of its own and 4 borrowed), uses 6, and the
 * request needs 4`.
 */
export function describeShortage(shortage: QuotaShortage): string {
  const { key, node, nominal, borrowing, uses, asked } = shortage;
  const needs = `uses ${toAmount(key, uses)}, and the request needs ${toAmount(key, asked)}`;
  if (borrowing === null) return `${node} has ${toQuantity(key, nominal)} in all, ${needs}`;
  const parts = `${toAmount(key, nominal)} of its own and ${toAmount(key, borrowing)} borrowed`;
  return `${node} may use ${toQuantity(key, nominal + borrowing)} (${parts}), ${needs}`;
}
