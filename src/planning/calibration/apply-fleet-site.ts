import type { Default } from "../assumptions/assumption.ts";
import { planDefaults } from "../assumptions/defaults.ts";
import type { FleetErrors } from "../fleet/fleet-errors.ts";
import { shrinkRate } from "./calibrate-failures.ts";
import { calibrateSite } from "./calibrate-site.ts";
import type { SiteCalibration, SiteRows } from "./model.ts";
import { stateSiteError } from "./site-error.ts";

/** Defaults of a plan that a site's own measurements take the place of, and how wrong they were here. */
export interface FleetSite {
  readonly hazardPerMillionGpuHours: Default;
  readonly busyShare: Default;
  readonly idleShare: Default;
  readonly failures: SiteCalibration | undefined;
  readonly power: SiteCalibration | undefined;
  /** Comparisons of first tokens and tokens of served models, by group. */
  readonly served: readonly SiteRows[];
  /** Comparisons of steps and durations of training runs, by group. */
  readonly trained: readonly SiteRows[];
}

/** What is assumed of a fleet where no site was measured. */
export const shippedFleet: FleetSite = {
  hazardPerMillionGpuHours: planDefaults.hazardPerMillionGpuHours,
  busyShare: planDefaults.busyShare,
  idleShare: planDefaults.idleShare,
  failures: undefined,
  power: undefined,
  served: [],
  trained: [],
};

/**
 * The defaults of a fleet as this site measured them: interruptions by a gamma-Poisson rate, the share of the nameplate that is
 * drawn by the site's factor (whole servers; where only GPU boards were measured, theirs). What the plan itself gives wins.
 */
export function fleetSite(site: readonly SiteRows[]): FleetSite {
  const measured = site.filter(({ rows }) => rows.length > 0);
  const of = (kind: SiteRows["kind"], ending = ""): SiteRows | undefined =>
    measured.find((each) => each.kind === kind && each.group.endsWith(ending));
  const failures = of("failures");
  const power = of("power", " server") ?? of("power", " boards");
  return {
    ...shippedFleet,
    ...(failures === undefined ? {} : withFailures(failures)),
    ...(power === undefined ? {} : withPower(power)),
    served: measured.filter(({ kind }) => kind === "ttft" || kind === "tpot"),
    trained: measured.filter(({ kind }) => kind === "step-time" || kind === "training-duration"),
  };
}

function withFailures({ group, rows }: SiteRows): Pick<FleetSite, "hazardPerMillionGpuHours" | "failures"> {
  const failures = calibrateSite("failures", group, rows);
  const { interruptions = 0, gpuHours = 0 } = failures;
  const { low, perMillion, high } = shrinkRate(interruptions, gpuHours);
  const counted = `${interruptions} interruptions in ${Math.round(gpuHours)} GPU-hours of ${group}`;
  return {
    failures,
    hazardPerMillionGpuHours: {
      ...planDefaults.hazardPerMillionGpuHours,
      low,
      mode: perMillion,
      high,
      confidence: "B",
      source: `this site: ${counted}, shrunk toward 19.7 (gamma of shape 3)`,
    },
  };
}

function withPower({ group, rows }: SiteRows): Pick<FleetSite, "busyShare" | "idleShare" | "power"> {
  const power = calibrateSite("power", group, rows);
  const source = `this site: ${power.factor.toFixed(2)} times the shipped share, from ${power.n} node-hours of ${group}`;
  const scale = (share: Default): Default => ({
    ...share,
    low: Math.min(1, share.low * power.factor),
    mode: Math.min(1, share.mode * power.factor),
    high: Math.min(1, share.high * power.factor),
    confidence: "B",
    source,
  });
  return { power, busyShare: scale(planDefaults.busyShare), idleShare: scale(planDefaults.idleShare) };
}

/** The errors of a fleet's answer with the site's own. */
export function restateFleetErrors(errors: FleetErrors, { failures, power }: FleetSite): FleetErrors {
  const [rate, ...otherFailures] = errors.failures;
  const [kilowatts, ...otherPower] = errors.power;
  return {
    ...errors,
    ...(failures === undefined || rate === undefined
      ? {}
      : { failures: [stateSiteError(rate, failures), ...otherFailures] }),
    ...(power === undefined || kilowatts === undefined
      ? {}
      : { power: [stateSiteError(kilowatts, power), ...otherPower] }),
  };
}
