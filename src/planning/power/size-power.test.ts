import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type PowerAsk, sizePower } from "./size-power.ts";

const hall: PowerAsk = {
  servers: 32,
  serverRatedKw: 10.2,
  busyShare: 0.76,
  idleShare: 0.2,
  utilisation: 1,
  networkKw: 10,
  storageKw: 5,
  pue: 1.3,
  rackKw: 42,
  rackUnits: 42,
  serverUnits: 8,
  switches: 12,
};

test("provisions nameplate power and counts energy at the measured share", () => {
  const power = sizePower(hall);

  expect(power.provisionedKw).toBeCloseTo(32 * 10.2 + 15, 6);
  expect(power.meanKw).toBeCloseTo(32 * 10.2 * 0.76 + 15, 6);
  expect(sizePower({ ...hall, utilisation: 0.25 }).meanKw).toBeCloseTo(32 * 10.2 * (0.19 + 0.15) + 15, 6);
  expect(power.facilityKw).toBeCloseTo(power.meanKw * 1.3, 6);
  expect(power).toMatchObject({ serversPerRack: 4, serverRacks: 8, rackLimit: "power" });
});

test("a low server fills a rack by height, not by power", () => {
  expect(sizePower({ ...hall, serverRatedKw: 2, rackKw: 40 })).toMatchObject({
    serversPerRack: 5,
    rackLimit: "height",
  });
});

test("mean power lies between idle and nameplate and never falls with use", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (one, two) => {
      const [low, high] = one < two ? [one, two] : [two, one];
      const idle = sizePower({ ...hall, utilisation: low });
      const busy = sizePower({ ...hall, utilisation: high });
      expect(busy.meanKw).toBeGreaterThanOrEqual(idle.meanKw);
      expect(busy.meanKw).toBeLessThanOrEqual(busy.provisionedKw);
    }),
  );
});

test("refuses a rack that holds no server, a PUE below 1 and a server without power", () => {
  expect(() => sizePower({ ...hall, rackKw: 8 })).toThrow(/holds no server of 10.2 kW/);
  expect(() => sizePower({ ...hall, pue: 0.9 })).toThrow(/cost.pue must be a number from 1 to 3; found 0.9/);
  expect(() => sizePower({ ...hall, serverRatedKw: 0 })).toThrow(/above 0; found 0/);
});
