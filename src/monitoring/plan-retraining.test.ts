import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseIsoDate } from "../base/iso-date.ts";
import { trainingJobKind } from "../training/model.ts";
import { formatIso, type KnownJob, planRetraining, type RetrainCase } from "./plan-retraining.ts";

const may = Date.UTC(2001, 4, 1);
const hour = 3_600_000;

const template = trainingJobKind.spec.parse({
  pool: "training",
  workdir: "/code",
  command: ["python", "train.py"],
  model: "flight-delay",
  trainingSet: {
    dataset: "departures",
    timestamp: "departs_at",
    from: "2001-02-01",
    to: "2001-04-01",
    columns: ["late"],
    label: "late",
  },
});

function given(fields: Partial<RetrainCase> = {}): RetrainCase {
  return {
    monitor: "flight-delay",
    policy: { trainingJob: "train", extendTo: "2001-05-01", holdOut: "0s", prefix: "train-longer" },
    cooldown: "1h",
    template,
    jobs: [],
    trainedTo: Date.UTC(2001, 3, 1),
    newestOutcome: null,
    now: 1000 * hour,
    ...fields,
  };
}

const job = (fields: Partial<KnownJob> = {}): KnownJob => ({
  name: "train-longer-1",
  startedBy: "drift-monitor:flight-delay",
  to: "2001-04-15",
  isActive: false,
  createdAt: 0,
  ...fields,
});

describe("a retraining", () => {
  test("copies the template with the longer window and names who started it", () => {
    const plan = planRetraining(given());

    expect(plan).toMatchObject({ kind: "start", name: "train-longer-1" });
    if (plan.kind !== "start") return;
    expect(plan.spec).toEqual({
      ...template,
      startedBy: "drift-monitor:flight-delay",
      trainingSet: { ...template.trainingSet, to: "2001-05-01T00:00:00Z" },
    });
    expect(trainingJobKind.spec.safeParse(plan.spec).success).toBe(true);
  });

  test("runs one at a time, not within the cooldown, and never twice on the same history", () => {
    expect(planRetraining(given({ jobs: [job({ isActive: true })] }))).toMatchObject({ kind: "running" });
    expect(planRetraining(given({ jobs: [job({ createdAt: 999.5 * hour })] }))).toMatchObject({ kind: "skip" });
    expect(planRetraining(given({ jobs: [job({ to: "2001-05-01T00:00:00Z" })] }))).toMatchObject({
      kind: "skip",
      reason: "train-longer-1 was trained on the history up to 2001-05-01T00:00:00Z already",
    });
    expect(planRetraining(given({ trainedTo: may }))).toMatchObject({ kind: "skip" });
    expect(planRetraining(given({ jobs: [job(), job({ name: "train-longer-7" })] }))).toMatchObject({
      name: "train-longer-8",
    });
  });

  test("is not kept from starting by a person's job of the same kind", () => {
    const own = job({ name: "train-longer-1", startedBy: undefined, isActive: true });

    expect(planRetraining(given({ jobs: [own] }))).toMatchObject({ kind: "start", name: "train-longer-2" });
  });

  test("may reach to whole days before the newest outcome", () => {
    const policy = { trainingJob: "train", extendTo: "newest-outcomes", holdOut: "30d", prefix: "more" } as const;
    const plan = planRetraining(given({ policy, newestOutcome: Date.UTC(2001, 4, 31, 23, 58) }));

    expect(plan).toMatchObject({ kind: "start", spec: { trainingSet: { to: "2001-05-01T00:00:00Z" } } });
    expect(planRetraining(given({ policy, newestOutcome: null }))).toMatchObject({ kind: "skip" });
  });
});

test("a moment that was written is read back as itself", () => {
  fc.assert(
    fc.property(fc.integer({ min: -60_000_000_000, max: 250_000_000_000 }), (seconds) => {
      expect(parseIsoDate(formatIso(seconds * 1000))).toBe(seconds * 1000);
    }),
  );
});
