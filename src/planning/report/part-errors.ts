import type { QuantityError } from "../accuracy/error-statement.ts";
import type { FleetErrors } from "../fleet/fleet-errors.ts";
import type { Part } from "../network/network-parts.ts";

/** How wrong the figures of one line of a bill of materials may be, in words. */
export interface PartErrors {
  readonly count: string;
  readonly unit: string;
  readonly total: string;
}

const countQuantity = "switches and cables";
const listCount = "list count, exact";
const noPrice = "not measured: the price is that of the source";

/**
 * States the error of a part's count and prices. Counts follow exactly from the figures before them, so a count that no
 * published design was compared with is a list count, and says what it was counted from.
 */
export function statePartErrors(part: Part, errors: FleetErrors): PartErrors {
  const unit = unitError(part);
  return { count: countError(part, errors), unit, total: `that of the count and of the price (${unit})` };
}

/** The error of the sum of all parts. */
export function stateSumError(parts: readonly Part[]): string {
  const known = parts.filter((part) => part.unitUsdBounds !== undefined);
  const sum = (of: (part: Part) => number): number => parts.reduce((all, part) => all + of(part), 0);
  if (known.length === 0) return "not measured: the prices are those of their sources";
  const low = sum((part) => part.count * (part.unitUsdBounds?.low ?? part.unitUsd));
  const high = sum((part) => part.count * (part.unitUsdBounds?.high ?? part.unitUsd));
  return `not measured: ${low.toFixed(0)} to ${high.toFixed(0)} by the bounds of the servers' price; other prices as their sources`;
}

function countError({ group }: Part, errors: FleetErrors): string {
  switch (group) {
    case "compute":
      return `${listCount}, of the capacity planned (${wordsOf(errors.capacity.slice(0, 1))})`;
    case "compute network": {
      const counted = errors.network.find(({ quantity }) => quantity === countQuantity);
      return counted === undefined ? listCount : counted.words;
    }
    case "storage network":
    case "management network":
      return `${listCount}, of the servers and switches above`;
    case "storage":
      return `${listCount}, of the bytes and rates planned (${wordsOf(errors.storage)})`;
    case "power":
      return `${listCount}, of the kilowatts planned (${wordsOf(errors.power)})`;
  }
}

function unitError({ unitUsd, unitUsdBounds }: Part): string {
  if (unitUsdBounds === undefined) return noPrice;
  const { low, high } = unitUsdBounds;
  if (low === high) return "exact: the plan states it";
  const percent = (end: number): string => `${end >= unitUsd ? "+" : ""}${((end / unitUsd - 1) * 100).toFixed(0)} %`;
  return `not measured: ${low.toFixed(0)} to ${high.toFixed(0)} believed (${percent(low)} to ${percent(high)})`;
}

const wordsOf = (errors: readonly QuantityError[]): string => errors.map(({ words }) => words).join("; ");
