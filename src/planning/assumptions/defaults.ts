import type { Default } from "./assumption.ts";

/** Short form of the table below: low, likeliest, high, unit, confidence, source. */
function figure(
  [low, mode, high]: readonly [number, number, number],
  unit: string,
  confidence: Default["confidence"],
  source: string,
): Default {
  return { low, mode, high, unit, confidence, source };
}

const convention = "planning convention; no published figure found";

/** Defaults of the money model, by the name of the rate; prices of servers and rents come with the server instead. */
export const costDefaults = {
  installShare: figure([0.01, 0.03, 0.06], "of hardware", "C", convention),
  priceChangePerYear: figure([-0.25, -0.1, 0], "a year", "C", "falling list prices of one generation; convention"),
  valueLossPerYear: figure([0.25, 0.35, 0.5], "of value a year", "C", "used market of A100 and H100, convention"),
  lifeMonths: figure(
    [36, 60, 72],
    "months",
    "B",
    "AWS 5 years, Meta 5.5, Microsoft and Alphabet 6 (10-Ks); analysts 3",
  ),
  discountRate: figure([0.06, 0.1, 0.15], "a year", "C", "planning convention for the cost of capital"),
  facilityUsdPerKwMonth: figure([155, 184, 230], "USD/kW/month", "B", "CBRE 2025, North America; 217 globally"),
  pue: figure([1.1, 1.3, 1.54], "ratio", "B", "Uptime Institute 2025: 1.54 on average, new large sites 1.2-1.3"),
  usdPerKwh: figure([0.05, 0.083, 0.2], "USD/kWh", "B", "US industrial power, EIA 2025; EU 0.10-0.20"),
  engineersBase: figure([0.5, 1, 2], "people", "C", convention),
  engineersPerThousandGpus: figure([2, 4, 8], "people", "C", convention),
  usdPerEngineerYear: figure([150_000, 220_000, 320_000], "USD/year", "C", convention),
  supportShare: figure([0.04, 0.06, 0.1], "of servers a year", "C", `vendor support and software; ${convention}`),
  softwareUsdPerGpuYear: figure([0, 0, 0], "USD/GPU/year", "C", "no licences but support; NVAIE lists 4,500"),
  rentChangePerYear: figure([-0.3, -0.15, 0], "a year", "C", "AWS H100 12.29 to 6.88 USD in 2025; convention"),
  reserveDiscount: figure([0.35, 0.375, 0.4], "of on-demand", "B", "1-year reserve, digiterialabs.com 2026-Q1"),
  cloudAdderShare: figure(
    [0.05, 0.15, 0.5],
    "of rent",
    "B",
    "SemiAnalysis 2026 (5-15 %); mercatus-ai.com 2026 (30-50 %)",
  ),
  cloudEngineerShare: figure([0.3, 0.5, 0.8], "of own engineers", "C", convention),
  engineersOnRota: figure(
    [4, 5, 7],
    "people",
    "C",
    "around the clock: nobody is on call for more than a week in five; convention",
  ),
  cloudRotaShare: figure(
    [0.4, 1, 1],
    "of the own rota",
    "C",
    "a cloud's people keep its machines, not what runs on them; convention",
  ),
  utilisation: figure([0.5, 0.65, 0.8], "mean over peak", "C", convention),
} as const satisfies Record<string, Default>;

/** Defaults of everything that is not money. */
export const planDefaults = {
  horizonMonths: figure([48, 48, 48], "months", "C", "the middle of 3 to 5 years"),
  quantile: figure([0.95, 0.95, 0.95], "share of futures", "C", convention),
  correlation: figure([0.5, 0.5, 0.5], "ratio", "C", "growth of stages moves half together; convention"),
  headroomShare: figure([0.05, 0.05, 0.05], "of demand", "C", convention),
  stepMonths: figure([12, 12, 12], "months", "C", "one purchase a year; convention"),
  leadMonths: figure([1, 4, 12], "months", "C", "order to first job; convention"),
  growthPerYear: figure([0, 0, 0], "a year", "C", "no growth was given"),
  growthUncertainty: figure([0.25, 0.25, 0.25], "of demand after a year", "C", convention),
  activeShare: figure([0.35, 0.35, 0.35], "of people at once", "C", convention),
  hazardPerMillionGpuHours: figure(
    [7.5, 19.7, 33.9],
    "interruptions",
    "B",
    "Llama-3, 16,384 H100 (arXiv 2407.21783); 12-34 on RSC",
  ),
  restartMinutes: figure([5, 15, 60], "minutes", "C", "detect, requeue, start and load; Llama-3 class 5-15"),
  checkpointStallSeconds: figure([1, 20, 120], "seconds", "C", "without a checkpoint in the plan; convention"),
  repairHours: figure([24, 72, 168], "hours", "C", convention),
  spareConfidence: figure([0.99, 0.99, 0.99], "probability", "C", "all servers that are needed work at any moment"),
  oversubscription: figure([1, 1, 1], "ratio", "B", "reference designs are non-blocking"),
  exposedShare: figure([0.15, 0.15, 0.15], "of the step", "C", "waiting for communication across nodes; convention"),
  busyShare: figure(
    [0.65, 0.76, 0.82],
    "of nameplate",
    "A",
    "HGX H100: mean 0.76 (arXiv 2506.14551), at most 0.82 (2412.08602)",
  ),
  idleShare: figure([0.15, 0.2, 0.3], "of nameplate", "C", convention),
  gridKgPerKwh: figure([0.05, 0.4, 0.7], "kg CO2/kWh", "C", "world average near 0.45, US near 0.37; recalled"),
  rackKw: figure([40, 40, 40], "kW", "C", "a dense air-cooled rack; convention"),
  rackUnits: figure([42, 42, 42], "units", "C", "a full rack"),
  bytesPerParameter: figure([12, 14, 14], "bytes", "A", "16-bit weights, 32-bit master and two Adam moments"),
  checkpointsKept: figure([5, 5, 5], "checkpoints", "C", convention),
  stallShare: figure([0.02, 0.02, 0.02], "of the time", "C", convention),
  restartReadSeconds: figure([300, 300, 300], "seconds", "C", convention),
  hostCopyGigabytesPerSecond: figure([20, 25, 50], "GB/s", "B", "half of PCIe 5.0 x16 in practice"),
  storageGrowthShare: figure([0.5, 0.5, 0.5], "over the horizon", "C", convention),
  usableShare: figure([0.8, 0.8, 0.8], "of raw", "C", "redundancy and free space"),
  indexFactor: figure([1.5, 1.5, 1.5], "of vectors", "C", "graph index over its vectors; convention"),
  bytesPerVectorValue: figure([4, 4, 4], "bytes", "C", "32-bit floats"),
  versionsKept: figure([3, 3, 3], "versions", "C", convention),
  draws: figure([2000, 2000, 2000], "draws", "C", "P10 and P90 then move by about 1 % of themselves"),
  seed: figure([1, 1, 1], "seed", "C", "any number; the same seed repeats the answer"),
} as const satisfies Record<string, Default>;
