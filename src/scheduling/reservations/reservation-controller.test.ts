import { afterEach, beforeEach, expect, test } from "vitest";
import { freshPlatform, type FreshPlatform } from "../../../test/platform.ts";
import { until } from "../../../test/until.ts";
import { poolKind } from "../../compute/model.ts";
import { computeRoom } from "../../compute/room.ts";
import { reservationKind, type ReservationStatus } from "./model.ts";
import { ReservationController } from "./reservation-controller.ts";

let platform: FreshPlatform;

beforeEach(async () => {
  platform = await freshPlatform();
});

afterEach(async () => await platform.close());

async function reached(phase: ReservationStatus["phase"]): Promise<ReservationStatus> {
  return await until(`the reservation is ${phase}`, async () => {
    const status = (await platform.resources.get(reservationKind, null, "course"))?.status;
    return status?.phase === phase && status.conditions.length > 0 && status;
  });
}

test("a reservation is placed as soon as its pool has nodes, however little time has passed", async () => {
  // The clock stands still: nobody looks again by time.
  await platform.run([
    new ReservationController(platform),
    ...computeRoom(platform, { hostEnvironment: {} }).controllers,
  ]);
  const spec = { pool: "late", count: 1, start: "2026-02-01T00:00:00Z", end: "2026-02-02T00:00:00Z" };
  await platform.resources.apply("tester", {
    kind: "Reservation",
    name: "course",
    spec: reservationKind.spec.parse(spec),
  });
  await reached("pending");

  await platform.resources.apply("tester", { kind: "Pool", name: "late", spec: poolKind.spec.parse({}) });

  expect(await reached("scheduled")).toMatchObject({ nodes: [expect.any(String)] });
});
