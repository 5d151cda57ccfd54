import { Fault } from "../../base/fault.ts";

/** A part of a plan is no usable figure; `path` leads to it, such as `cost.discountRate`. */
export function invalidPlan(path: string, wanted: string, found: unknown): Fault {
  const message = `${path} must be ${wanted}; found ${typeof found === "number" ? String(found) : JSON.stringify(found)}`;
  return new Fault("planning.plan-invalid", message, { details: { path, found } });
}

/** Two parts of a plan cannot both be so. */
export function contradictoryPlan(path: string, message: string): Fault {
  return new Fault("planning.plan-contradictory", `${path}: ${message}`, { details: { path } });
}

/** The plan is well-formed, and nothing that can be built or bought answers it. */
export function infeasiblePlan(path: string, message: string): Fault {
  return new Fault("planning.plan-infeasible", `${path}: ${message}`, { details: { path } });
}

/** No figure of a plan is smaller and not zero; dividing by one would leave the range of numbers. */
const positiveLeast = 1e-15;

/** Refuses what is not a finite number above zero. */
export function requirePositive(path: string, value: number): void {
  if (!Number.isFinite(value) || value < positiveLeast) throw invalidPlan(path, "a number above 0", value);
}

/** Refuses what is not a whole number of at least `least`. */
export function requireCount(path: string, value: number, least = 0): void {
  if (!Number.isSafeInteger(value) || value < least)
    throw invalidPlan(path, `a whole number of at least ${least}`, value);
}

/** Shares and rates are fractions; who writes percent is told so. */
function percentHint(value: number, least: number, most: number): string {
  const share = value / 100;
  const isPercent = Math.abs(value) > 1 && Math.abs(value) <= 1000 && least <= share && share <= most && most <= 20;
  return isPercent ? ` (a fraction: write ${Number(share.toPrecision(6))} for ${value} %)` : "";
}

/** Refuses what is not a number within the bounds. */
export function requireWithin(path: string, value: number, least: number, most: number): void {
  if (!Number.isFinite(value) || value < least || value > most) {
    throw invalidPlan(path, `a number from ${least} to ${most}${percentHint(value, least, most)}`, value);
  }
}

/** Kilowatts of one server or rack, at most: racks of 600 are announced. */
const kilowattsMost = 2000;

/** Refuses kilowatts of one server or rack that are likely watts. */
export function requireKilowatts(path: string, value: number): void {
  if (value <= kilowattsMost) return;
  throw invalidPlan(
    path,
    `kilowatts, at most ${kilowattsMost} (write ${Number((value / 1000).toPrecision(6))} for ${value} W)`,
    value,
  );
}
