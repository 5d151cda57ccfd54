import * as fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../base/random.ts";
import { drawTriangular, exactly, toSpread } from "../assumptions/uncertain.ts";
import { compareSourcing } from "./compare-sourcing.ts";
import { type CostRate, type CostRates, mapRates, type UncertainRates } from "./cost-rates.ts";
import { buyerTerms, costGpuHour } from "./gpu-hour-cost.ts";
import { meanLoadAbove } from "./load-duration.ts";
import { costLines, hoursPerMonth, projectCost } from "./project-cost.ts";
import { serverOffers } from "./server-offers.ts";
import { drawTornado, simulateCost } from "./simulate-cost.ts";
import { presentCost, summariseCost } from "./summarise-cost.ts";

const rates: CostRates = {
  serverUsdPerGpu: 32_000,
  networkUsdPerGpu: 5000,
  storageUsdPerGpu: 0,
  installShare: 0,
  priceChangePerYear: 0,
  valueLossPerYear: 1,
  lifeMonths: 60,
  discountRate: 0.1,
  facilityUsdPerKwMonth: 184,
  provisionedKwPerGpu: 1.73,
  meanKwPerGpu: 0.96,
  pue: 1.3,
  usdPerKwh: 0.083,
  engineersBase: 0,
  engineersPerThousandGpus: 0,
  engineersOnRota: 0,
  cloudRotaShare: 0.7,
  usdPerEngineerYear: 220_000,
  supportShare: 0,
  softwareUsdPerGpuYear: 0,
  rentUsdPerGpuHour: 3,
  rentChangePerYear: 0,
  reserveDiscount: 0.4,
  reserveUsdPerGpuHour: 0,
  cloudAdderShare: 0,
  cloudEngineerShare: 0.5,
  utilisation: 1,
  spareShare: 0,
  availability: 1,
};

const flat = Array.from({ length: 60 }, () => 64);
const own = { ownShare: 1, reserveShare: 0 };
const rent = { ownShare: 0, reserveShare: 0 };
const price = (peaks: readonly number[], sourcing: typeof own, at: CostRates) =>
  summariseCost(projectCost(peaks, sourcing, at, 8), at.discountRate);

const uncertainRates: UncertainRates = Object.fromEntries(
  Object.entries({ ...rates, valueLossPerYear: 0.35, utilisation: 0.65 }).map(([rate, mode]) => [
    rate,
    {
      low: mode * 0.8,
      mode,
      high: Math.min(mode * 1.3, rate === "availability" || rate === "utilisation" ? 1 : mode * 1.3),
    },
  ]),
) as unknown as UncertainRates;
const drawable: UncertainRates = {
  ...uncertainRates,
  availability: exactly(1),
  pue: { low: 1.1, mode: 1.3, high: 1.5 },
};

test("a GPU of an H100 fleet owned for five years costs about 1.60 dollars an hour before people", () => {
  const { usdPerGpuHourAvailable, lines } = price(flat, own, rates);

  expect(usdPerGpuHourAvailable).toBeCloseTo(1.6, 1);
  expect(lines.servers).toBe(64 * 32_000);
  expect(lines.resale).toBeCloseTo(0, 9);
});

test("agrees with the annuity when capital is spread over the months", () => {
  const capital = { ...rates, facilityUsdPerKwMonth: 1e-9, usdPerKwh: 1e-9 };
  const hours = Array.from({ length: 60 }, (_, month) => 64 * hoursPerMonth * 1.1 ** (-(month + 0.5) / 12));
  const annuity = (64 * 37_000) / hours.reduce((sum, each) => sum + each, 0);

  expect(price(flat, own, capital).usdPerGpuHourUsed).toBeCloseTo(annuity, 6);
});

test("a hyperscaler owns a GPU for less an hour than a neocloud, and every figure has its interval", () => {
  for (const offer of serverOffers) {
    const neocloud = costGpuHour(offer, buyerTerms.neocloud);
    const hyperscaler = costGpuHour(offer, buyerTerms.hyperscaler);
    expect(neocloud.p10).toBeLessThan(neocloud.p50);
    expect(hyperscaler.p50).toBeLessThan(neocloud.p50);
  }
});

test("cost never falls when a price rises", () => {
  const prices = [
    "serverUsdPerGpu",
    "networkUsdPerGpu",
    "facilityUsdPerKwMonth",
    "usdPerKwh",
    "pue",
    "supportShare",
  ] as const;
  fc.assert(
    fc.property(
      fc.constantFrom<CostRate>(
        ...prices,
        "usdPerEngineerYear",
        "rentUsdPerGpuHour",
        "softwareUsdPerGpuYear",
        "installShare",
      ),
      fc.double({ min: 1, max: 1.5, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 60 }),
      (rate, factor, ownShare, peaks) => {
        const base = { ...rates, valueLossPerYear: 0.3, utilisation: 0.7, engineersBase: 1 };
        const sourcing = { ownShare, reserveShare: 0 };
        const dearer = price(peaks, sourcing, { ...base, [rate]: base[rate] * factor });
        expect(dearer.presentUsd).toBeGreaterThanOrEqual(price(peaks, sourcing, base).presentUsd - 1e-6);
      },
    ),
  );
});

test("every month's money is finite and not negative, and the lines sum to the total", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 84 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 12, max: 72 }),
      (peaks, ownShare, lifeMonths) => {
        const at = {
          ...rates,
          valueLossPerYear: 0.4,
          utilisation: 0.6,
          lifeMonths,
          availability: 0.98,
          spareShare: 0.05,
        };
        const sourcing = { ownShare, reserveShare: (1 - ownShare) / 2 };
        const months = projectCost(peaks, sourcing, at, 8);
        for (const month of months) {
          for (const line of costLines) expect(month[line]).toBeGreaterThanOrEqual(0);
          expect(month.usedGpuHours).toBeLessThanOrEqual((peaks[month.month] ?? 0) * hoursPerMonth * 0.6 + 1e-6);
          expect(month.usedGpuHours).toBeGreaterThanOrEqual(-1e-6);
        }
        const summary = summariseCost(months, at.discountRate);
        const sum = Object.values(summary.lines).reduce((total, line) => total + line, 0);
        expect(Math.abs(sum - summary.presentUsd)).toBeLessThan(1e-3 + Math.abs(sum) * 1e-9);
        expect(Object.values(summary.lines).every(Number.isFinite)).toBe(true);
      },
    ),
  );
});

test("every kind of money in a month is its price times what it is paid for", () => {
  const at: CostRates = {
    ...rates,
    installShare: 0.1,
    engineersBase: 1,
    engineersPerThousandGpus: 10,
    supportShare: 0.06,
    softwareUsdPerGpuYear: 120,
    spareShare: 0.125,
    utilisation: 0.5,
  };
  const [owned] = projectCost([64], own, at, 8);
  const [reserved] = projectCost([64], { ownShare: 0, reserveShare: 1 }, at, 8);
  const [rented] = projectCost([64], rent, { ...at, cloudAdderShare: 0.2 }, 8);

  expect(owned).toMatchObject({ ownedGpus: 72, servers: 72 * 32_000, network: 72 * 5000, rent: 0 });
  expect(owned?.install).toBeCloseTo(72 * 37_000 * 0.1, 6);
  expect(owned?.facility).toBeCloseTo(72 * 1.73 * 184, 6);
  expect(owned?.energy).toBeCloseTo(72 * 0.96 * 1.3 * 0.083 * 730, 6);
  expect(owned?.people).toBeCloseTo(((1 + 0.72) * 220_000) / 12, 6);
  expect(owned?.support).toBeCloseTo((72 * 32_000 * 0.06) / 12, 6);
  expect(owned?.software).toBeCloseTo(72 * 10, 6);
  expect(reserved?.rent).toBeCloseTo(64 * 730 * 3 * 0.6, 6);
  expect(reserved?.usedGpuHours).toBeCloseTo(32 * 730, 6);
  expect(rented?.rent).toBeCloseTo(32 * 730 * 3 * 1.2, 6);
  expect(rented?.people).toBeCloseTo(((0.5 + 0.032 * 0.5 * 10) * 220_000) / 12, 6);
});

test("hardware is bought again at the end of its life, and sold when the horizon ends", () => {
  const at = { ...rates, lifeMonths: 24, valueLossPerYear: 0.5, priceChangePerYear: -0.5 };
  const months = projectCost(flat.slice(0, 36), own, at, 8);

  expect(months.filter((month) => month.servers > 0).map((month) => month.month)).toEqual([0, 24]);
  expect(months[24]?.servers).toBeCloseTo(64 * 32_000 * 0.25, 6);
  expect(months[24]?.resale).toBeCloseTo(64 * 37_000 * 0.25, 6);
  expect(months[35]?.resale).toBeCloseTo(64 * 37_000 * 0.25 * 0.5, 6);
});

test("the load above a level falls from the mean load to nothing", () => {
  expect(meanLoadAbove(0, 0.6)).toBeCloseTo(0.6, 12);
  expect(meanLoadAbove(1, 0.6)).toBe(0);
  expect(meanLoadAbove(0.5, 1)).toBe(0.5);
  for (const [level, use] of [
    [0.3, 0.6],
    [0.8, 0.7],
    [0.1, 0.2],
  ] as const) {
    const steps = 100_000;
    const load = (step: number): number => (1 - (step + 0.5) / steps) ** (1 / use - 1);
    const sum = Array.from({ length: steps }, (_, step) => Math.max(0, load(step) - level));
    expect(meanLoadAbove(level, use)).toBeCloseTo(sum.reduce((total, each) => total + each, 0) / steps, 5);
  }
  fc.assert(
    fc.property(
      fc.double({ min: 0.05, max: 0.95, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (utilisation, one, two) => {
        const [low, high] = one < two ? [one, two] : [two, one];
        expect(meanLoadAbove(low, utilisation)).toBeGreaterThanOrEqual(meanLoadAbove(high, utilisation) - 1e-12);
        expect(meanLoadAbove(low, utilisation)).toBeGreaterThanOrEqual(utilisation - low - 1e-12);
      },
    ),
  );
});

test("owning pays off at the use at which both cost the same, and at a month that the totals show", () => {
  const ways = { buy: true, rent: true, reserve: true };
  const at = { ...rates, valueLossPerYear: 0.35, utilisation: 0.9 };
  const found = compareSourcing(flat, at, 8, ways);
  const use = found.breakEvenUtilisation ?? Number.NaN;
  const bought = price(flat, own, { ...at, utilisation: use }).presentUsd;
  const rented = price(flat, rent, { ...at, utilisation: use }).presentUsd;
  const month = (found.breakEvenMonth ?? 0) - 1;

  expect(bought / rented).toBeCloseTo(1, 3);
  expect(month).toBeGreaterThan(6);
  const totals = [own, rent].map((sourcing) => price(flat, sourcing, at).cumulativePresentUsd);
  expect(totals[0]?.[month]).toBeLessThanOrEqual(totals[1]?.[month] ?? 0);
  expect(totals[0]?.[month - 1]).toBeGreaterThan(totals[1]?.[month - 1] ?? 0);
  expect(found.breakEvenMonthWithResale).toBeLessThanOrEqual(month + 1);
});

test("the options come cheapest first, and ways that are closed are not among them", () => {
  const at = { ...rates, utilisation: 0.6, valueLossPerYear: 0.35 };
  const all = compareSourcing(flat, at, 8, { buy: true, rent: true, reserve: true });
  const onlyBuy = compareSourcing(flat, at, 8, { buy: true, rent: false, reserve: false });
  const costs = all.options.map((option) => option.summary.presentUsd);

  expect(costs).toEqual([...costs].sort((left, right) => left - right));
  expect(onlyBuy.options.map((option) => option.name)).toEqual(["buy"]);
});

test("renting beats owning at little use and loses at full use", () => {
  const nameBest = (utilisation: number) => {
    const ways = { buy: true, rent: true, reserve: false };
    const options = compareSourcing(flat, { ...rates, valueLossPerYear: 0.35, utilisation }, 8, ways).options;
    return options.find((option) => option.name !== "mix")?.name;
  };

  expect([nameBest(0.1), nameBest(1)]).toEqual(["rent", "buy"]);
});

test("draws are repeated by their seed, and P10 <= P50 <= P90", () => {
  const evaluate = (at: CostRates) => [price(flat, own, at).presentUsd, price(flat, rent, at).presentUsd];
  const run = (seed: number) => simulateCost(drawable, 500, seededRandom(seed), evaluate);

  expect(run(3)).toEqual(run(3));
  expect(run(3)).not.toEqual(run(4));
  for (const spread of run(3)) {
    expect(spread.p10).toBeLessThanOrEqual(spread.p50);
    expect(spread.p50).toBeLessThanOrEqual(spread.p90);
  }
  expect(() => simulateCost(drawable, 5, seededRandom(1), evaluate)).toThrow(/100 to 20000; found 5/);
});

test("a triangle's draws stay inside it and have its mean", () => {
  const random = seededRandom(11);
  const draws = Array.from({ length: 20_000 }, () => drawTriangular({ low: 1, mode: 2, high: 6 }, random));

  expect(Math.min(...draws)).toBeGreaterThanOrEqual(1);
  expect(Math.max(...draws)).toBeLessThanOrEqual(6);
  expect(draws.reduce((sum, each) => sum + each, 0) / draws.length).toBeCloseTo(3, 1);
  expect(drawTriangular(exactly(4), random)).toBe(4);
  expect(toSpread([3, 1, 2])).toEqual({ p10: 1.2, p50: 2, p90: 2.8 });
});

test("a tornado leaves out what is known and sorts by what matters", () => {
  const bars = drawTornado({ ...drawable, pue: exactly(1.3) }, (at) => price(flat, own, at).usdPerGpuHourUsed);
  const swings = bars.map((bar) => bar.swing);

  expect(swings).toEqual([...swings].sort((left, right) => right - left));
  expect(bars.some((bar) => bar.rate === "pue")).toBe(false);
  expect(bars.slice(0, 3).map((bar) => bar.rate)).toContain("serverUsdPerGpu");
});

test("refuses a price of zero, a discount that is no number, a PUE below 1 and shares above one", () => {
  const project = (change: Partial<CostRates>) => () => projectCost(flat, own, { ...rates, ...change }, 8);

  expect(project({ serverUsdPerGpu: 0 })).toThrow("cost.serverUsdPerGpu must be a number above 0; found 0");
  expect(project({ rentUsdPerGpuHour: -3 })).toThrow(/cost.rentUsdPerGpuHour/);
  expect(project({ discountRate: Number.NaN })).toThrow(/cost.discountRate/);
  expect(project({ pue: 0.5 })).toThrow(/cost.pue/);
  expect(project({ priceChangePerYear: -1.5 })).toThrow(/cost.priceChangePerYear/);
  expect(() => projectCost(flat, { ownShare: 0.7, reserveShare: 0.7 }, rates, 8)).toThrow(/sum to at most 1/);
});

test("mapping rates keeps every rate", () => {
  expect(mapRates(drawable, (value) => value.mode).serverUsdPerGpu).toBe(32_000);
});

test("a reservation keeps its price for a year, and one that was offered knows no discount", () => {
  const at = { ...rates, rentChangePerYear: -0.5 };
  const reserve = { ownShare: 0, reserveShare: 1 };
  const rents = (change: Partial<CostRates>): readonly number[] =>
    projectCost(flat.slice(0, 13), reserve, { ...at, ...change }, 8).map((month) => month.rent);
  const hours = 64 * hoursPerMonth;

  expect(new Set(rents({}).slice(0, 12)).size).toBe(1);
  expect(rents({})[0]).toBeCloseTo(hours * 3 * 0.6, 6);
  expect(rents({})[12]).toBeCloseTo(hours * 3 * 0.6 * 0.5, 6);
  expect(rents({ reserveUsdPerGpuHour: 2.5 })[0]).toBeCloseTo(hours * 2.5, 6);
});

test("a rota takes its people however small the fleet, rented too, and no more where the work takes more", () => {
  const people = (peak: number, sourcing: typeof own, cloudRotaShare = 1): number => {
    const asked = { ...rates, engineersPerThousandGpus: 10, engineersOnRota: 5, cloudRotaShare };
    return (projectCost([peak], sourcing, asked, 8)[0]?.people ?? 0) * (12 / rates.usdPerEngineerYear);
  };

  expect(people(8, own)).toBeCloseTo(5, 9);
  expect(people(8, rent)).toBeCloseTo(5, 9);
  expect(people(8, rent, 0.4)).toBeCloseTo(2, 9);
  expect(people(8, own, 0.4)).toBeCloseTo(5, 9);
  expect(people(800, own)).toBeCloseTo(8, 9);
});

test("what is drawn of a projection is what its summary says", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 7, max: 90 }), (ownShare, lifeMonths) => {
      const peaks = flat.map((peak, month) => peak + 8 * Math.floor(month / 12));
      const at = { ...rates, lifeMonths, valueLossPerYear: 0.4, utilisation: 0.7, rentChangePerYear: -0.2 };
      const months = projectCost(peaks, { ownShare, reserveShare: (1 - ownShare) / 3 }, at, 8);
      const { presentUsd, usdPerGpuHourUsed } = summariseCost(months, 0.1);
      const drawn = presentCost(months, 0.1);

      expect(drawn.presentUsd / presentUsd).toBeCloseTo(1, 9);
      expect(drawn.usdPerGpuHourUsed / usdPerGpuHourUsed).toBeCloseTo(1, 9);
    }),
  );
});

test("buying breaks even where it stays the cheaper, against what is open beside it", () => {
  const at = { ...rates, valueLossPerYear: 0.4, utilisation: 0.9, rentUsdPerGpuHour: 4 };
  const twice = flat.map((_, month) => (month < 24 ? 64 : 512));
  const compare = (peaks: readonly number[], rentable: boolean, reservable: boolean) =>
    compareSourcing(peaks, at, 8, { buy: true, rent: rentable, reserve: reservable });
  const once = compare(flat, true, false);
  const again = compare(twice, true, false);
  const reserved = compare(flat, false, true);

  expect(once.breakEvenMonth).toBeLessThan(24);
  expect(again.breakEvenMonth).toBeGreaterThan(24);
  expect(reserved).toMatchObject({ against: "reserve", breakEvenUtilisation: null });
  expect(reserved.breakEvenMonth).toBeGreaterThan(once.breakEvenMonth ?? Number.POSITIVE_INFINITY);
  expect(compare(flat, false, false)).toMatchObject({ against: null, breakEvenMonth: null });
});
