import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isFault } from "../../src/base/fault.ts";
import { featureViewSpecSchema, type FeatureViewSpec } from "../../src/features/model.ts";
import type { FeatureRow, OnlineFeatures } from "../../src/features/ports.ts";

interface ServedView {
  readonly project: string;
  readonly name: string;
  readonly spec: FeatureViewSpec;
}

/** A store under test, with what its driver offers beyond the port. */
export interface OpenOnlineFeatures extends OnlineFeatures {
  setViews(views: readonly ServedView[]): void;
  forgetOtherViews(): Promise<void>;
  close(): Promise<void>;
}

export interface OnlineFeaturesDriver {
  /** How long beyond the longest window rows are kept. */
  readonly lateReadMarginMs: number;
  /** Opens the store of the current test; opening it again finds what was written. */
  open(views: readonly ServedView[]): OpenOnlineFeatures;
}

const hour = 3_600_000;
const start = 978_307_200_000;

const specOf = (window: string): FeatureViewSpec =>
  featureViewSpecSchema.parse({
    source: { dataset: "departures" },
    entity: ["origin", "destination"],
    knownAt: "lands_at",
    features: [
      { name: "flights", aggregate: "count", window },
      { name: "delay", aggregate: "mean", column: "delay", window },
    ],
  });
const view: ServedView = { project: "p", name: "routes", spec: specOf("1h") };

const row = (
  id: string,
  knownAt: number,
  delay: number | null,
  entity: readonly string[] = ["ORD", "SFO"],
): FeatureRow => ({
  id,
  knownAt,
  entity,
  values: [delay],
});

/** What every `OnlineFeatures` must do. */
export function describeOnlineFeatures(name: string, driver: OnlineFeaturesDriver): void {
  describe(`${name} keeps the contract of OnlineFeatures`, () => {
    let store: OpenOnlineFeatures;
    const valuesAt = (at: number, entity: readonly string[] = ["ORD", "SFO"]) =>
      store.read("p", "routes", entity, at).values;
    beforeEach(() => {
      store = driver.open([view]);
    });
    afterEach(async () => {
      await store.close();
    });

    test("answers with the rows known in the half-open window before the moment", async () => {
      await store.append("p", "routes", [row("a", start, 10), row("b", start + 1, 20), row("c", start + hour, 600)]);

      expect(valuesAt(start)).toEqual([0, null]);
      expect(valuesAt(start + 1)).toEqual([1, 10]);
      expect(valuesAt(start + hour)).toEqual([2, 15]);
      expect(valuesAt(start + hour + 1)).toEqual([2, 310]);
      expect(store.newest("p", "routes")).toBe(start + hour);
    });

    test("tells apart entities that are equal when joined", async () => {
      await store.append("p", "routes", [row("a", start, 1, ["1", "23"]), row("b", start, 9, ["12", "3"])]);

      expect([valuesAt(start + 1, ["1", "23"]), valuesAt(start + 1, ["12", "3"])]).toEqual([
        [1, 1],
        [1, 9],
      ]);
    });

    test("tells a missing entity from an unknown value", async () => {
      await store.append("p", "routes", [row("a", start, null)]);

      expect(store.read("p", "routes", ["ORD", "SFO"], start + 1).statuses).toEqual(["present", "null"]);
      expect(store.read("p", "routes", ["SFO", "ORD"], start + 1).statuses).toEqual(["missing", "missing"]);
    });

    test("counts a row once, however often and however concurrently it is sent", async () => {
      const rows = [row("a", start, 10), row("b", start + 5, 30)];
      await Promise.all([store.append("p", "routes", rows), store.append("p", "routes", rows)]);
      await store.append("p", "routes", [...rows, row("a", start + 7, 99)]);

      expect(valuesAt(start + 10)).toEqual([2, 20]);
    });

    test("takes late rows at their place", async () => {
      await store.append("p", "routes", [row("b", start + 20, 20)]);
      await store.append("p", "routes", [row("a", start + 10, 10)]);

      expect([valuesAt(start + 11), valuesAt(start + 21)]).toEqual([
        [1, 10],
        [2, 15],
      ]);
    });

    test("finds everything again after it was closed and opened, and still counts a row once", async () => {
      await store.append("p", "routes", [row("a", start, 10), row("b", start + 1, 20)]);
      await store.close();
      store = driver.open([view]);
      await store.append("p", "routes", [row("a", start, 10), row("c", start + 2, 60)]);

      expect(store.newest("p", "routes")).toBe(start + 2);
      expect(valuesAt(start + 3)).toEqual([3, 30]);
    });

    test("forgets rows that no window can reach, and goes on answering for the others", async () => {
      const step = hour / 2;
      const count = Math.ceil((driver.lateReadMarginMs + hour) / step) * 3;
      for (let place = 0; place < count; place += 1)
        await store.append("p", "routes", [row(`r${place}`, start + place * step, place)]);
      const end = start + (count - 1) * step + 1;

      expect(valuesAt(start + 1)).toEqual([0, null]);
      expect(valuesAt(end)).toEqual([2, count - 1.5]);
      await store.append("p", "routes", [row("r0", start, 0)]);
      expect(valuesAt(start + 1)).toEqual([0, null]);
    });

    test("refuses rows of the wrong shape, whole: nothing of them is written", async () => {
      const good = row("good", start, 1);
      for (const bad of [
        { ...good, entity: ["ORD"] },
        { ...good, values: [1, 2] },
        { ...good, id: "" },
        { ...good, knownAt: 0.5 },
        { ...good, values: [1e300] },
      ]) {
        await expect(store.append("p", "routes", [good, bad])).rejects.toSatisfy((error) =>
          isFault(error, "features.row-invalid"),
        );
      }

      expect(store.newest("p", "routes")).toBeNull();
    });

    test("knows only the views that it serves", async () => {
      expect(() => store.read("p", "others", ["ORD", "SFO"], start)).toThrow(/no feature view others/);
      await expect(store.append("q", "routes", [row("a", start, 1)])).rejects.toSatisfy((error) =>
        isFault(error, "features.view-missing"),
      );
    });

    test("starts a view anew when its window grew, since rows that it needs may be gone", async () => {
      await store.append("p", "routes", [row("a", start, 1)]);
      store.setViews([{ ...view, spec: specOf("6h") }]);

      expect(store.newest("p", "routes")).toBeNull();
      await store.append("p", "routes", [row("a", start, 1)]);
      await store.forgetOtherViews();
      store.setViews([view]);
      expect(store.newest("p", "routes")).toBeNull();
    });

    test("serves new features over rows that it has", async () => {
      await store.append("p", "routes", [row("a", start, 4), row("b", start, 8)]);
      const sum = { name: "delay_sum", aggregate: "sum", column: "delay", window: "1h" } as const;
      store.setViews([{ ...view, spec: { ...view.spec, features: [...view.spec.features, sum] } }]);

      expect(valuesAt(start + 1)).toEqual([2, 6, 12]);
    });
  });
}
