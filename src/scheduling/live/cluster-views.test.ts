import { expect, test } from "vitest";
import { asking, machineOf, poolOf, settings, worldOf } from "../fixtures/world-values.ts";
import { ClusterViews } from "./cluster-views.ts";
import type { World } from "./world.ts";

/** A platform whose state is read when the test says so. */
function standingReader() {
  const pools = [poolOf("training", [machineOf("n1", 1)])];
  const reads: PromiseWithResolvers<World>[] = [];
  const reader = {
    at: 1,
    reads,
    past: async () => await Promise.resolve([]),
    place: async () => await Promise.resolve(`${reader.at}`),
    world: async () => {
      const read = Promise.withResolvers<World>();
      reads.push(read);
      return await read.promise;
    },
    answer: (index: number, ...ids: readonly string[]) =>
      reads[index]?.resolve(
        worldOf(
          pools,
          ids.map((id) => asking(id, 1)),
        ),
      ),
  };
  return { reader, views: new ClusterViews(reader, settings, { now: () => 0 }) };
}

const settle = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));

test("ten who ask at once, and ten who ask later, get one view that was made once", async () => {
  const { reader, views } = standingReader();
  const asked = Array.from({ length: 10 }, async () => await views.latest());
  await settle();
  reader.answer(0, "a");
  const got = new Set([
    ...(await Promise.all(asked)),
    ...(await Promise.all(asked.map(async () => await views.latest()))),
  ]);

  expect([got.size, reader.reads.length]).toEqual([1, 1]);
});

test("works out an outlook once, however many ask for it", async () => {
  const { reader, views } = standingReader();
  const asked = views.latest();
  await settle();
  reader.answer(0, "a", "b");
  const view = await asked;

  expect(view.outlook("b")).toBe(view.outlook("b"));
  expect(view.outlook("b")?.reason).toMatchObject({ code: expect.any(String) });
  expect(view.outlook("nobody")).toBeNull();
});

test("makes another view at another place of the log, one for all who ask there", async () => {
  const { reader, views } = standingReader();
  const first = views.latest();
  await settle();
  reader.at = 2;
  const later = [views.latest(), views.latest()];
  await settle();
  reader.answer(0, "a");
  await settle();
  reader.answer(1, "a", "b");
  const [second, third] = await Promise.all(later);

  expect((await first).view.workloads.size).toBe(1);
  expect(second?.view.workloads.size).toBe(2);
  expect(third).toBe(second);
  expect(reader.reads).toHaveLength(2);
});

test("keeps no view that could not be made", async () => {
  const { reader, views } = standingReader();
  const failing = views.latest().catch((error: unknown) => error);
  await settle();
  reader.reads[0]?.reject(new Error("the database is gone"));
  expect(await failing).toBeInstanceOf(Error);
  const again = views.latest();
  await settle();
  reader.answer(1, "a");

  expect((await again).view.workloads.size).toBe(1);
});
