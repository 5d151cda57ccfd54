import { afterEach, expect, test } from "vitest";
import { recordingContext } from "../fixtures/recording-context.ts";
import { openStubApi, type StubApi } from "../fixtures/stub-api.ts";
import { why } from "./why.ts";

const workload = {
  id: "w1",
  project: "cats",
  state: "queued",
  owner: { kind: "TrainingJob", project: "cats", name: "big" },
  queuedAt: 1,
};
const reason = {
  code: "insufficient-gpus",
  sentence: "it asks for 8 GPUs and pool local has 2 free",
  blockers: [{ id: "w0", name: "flight-delay", gpus: 6 }],
  changes: ["ask for at most 2 GPUs", "wait for flight-delay"],
};

let api: StubApi;
afterEach(async () => await api.close());

const open = async (answer: unknown) => {
  api = await openStubApi({
    "GET /api/v1/workloads": { json: { items: [workload] } },
    "GET /api/v1/training-jobs": { json: { items: [{ kind: "TrainingJob", project: "cats", name: "big" }] } },
    "GET /api/v1/projects/cats/workloads": { json: { items: [workload] } },
    "GET /api/v1/projects/cats/workloads/w1/why": { json: answer },
  });
};

test("tells the sentence, who is in the way, and what would help", async () => {
  await open({ state: "queued", reason });
  const context = recordingContext({ url: api.url });

  expect(await why(context, { words: ["big"] })).toBe(0);
  expect(context.printed).toEqual([
    "w1 is queued: it asks for 8 GPUs and pool local has 2 free",
    "",
    "in the way",
    "  flight-delay  6 GPUs",
    "",
    "what would help",
    "  ask for at most 2 GPUs",
    "  wait for flight-delay",
  ]);
});

test("tells whose each blocker is and when it lets go, as far as that is known", async () => {
  const context = recordingContext({ url: "http://127.0.0.1" });
  const now = context.clock.now();
  const inHours = (hours: number): number => now + hours * 3_600_000;
  const owner = { kind: "TrainingJob", name: "flight-delay", project: "cats", team: "vision", identity: "ada" };
  const blockers = [
    {
      id: "w0",
      name: "a",
      gpus: 6,
      kind: "running",
      owner,
      endsBy: inHours(8),
      endsP50: inHours(2),
      endsP90: inHours(5),
    },
    { id: "w2", name: "b", gpus: 1, kind: "running", owner: { ...owner, identity: null }, endsBy: null, endsP50: null },
    { id: "", name: "c", gpus: 2, kind: "stopping", owner: null, endsBy: now, endsP50: now, endsP90: now },
  ];
  await open({ state: "queued", reason: { ...reason, blockers, changes: [] } });
  const shown = recordingContext({ url: api.url });

  await why(shown, { words: ["big"] });

  expect(shown.printed.slice(3)).toEqual([
    "  a  6 GPUs  running, of ada (team vision, project cats)  likely gone in 2h, nine times of ten in 5h, at the latest in 8h",
    "  b  1 GPU  running, team vision, project cats",
    "  c  2 GPUs  stopping  gone now",
  ]);
});

test("tells how often such estimates have held", async () => {
  await open({ state: "queued", reason, record: { scope: "pool", made: 40, held: 36, isCorrected: true } });
  const shown = recordingContext({ url: api.url });
  await why(shown, { words: ["big"] });
  expect(shown.printed[1]).toBe("of the last 40 p90 estimates of its pool 36 held");
  await api.close();

  await open({ state: "queued", reason, record: { scope: "all", made: 3, held: 1, isCorrected: false } });
  const few = recordingContext({ url: api.url });
  await why(few, { words: ["big"] });
  expect(few.printed[1]).toBe("of the last 3 p90 estimates of all pools 1 held; too few yet to correct them by");
});

test("what ended tells how", async () => {
  await open({
    state: "failed",
    reason: null,
    outcome: { kind: "out-of-memory", exitCode: null, message: "it needed more than 2GB" },
  });
  const context = recordingContext({ url: api.url });

  await why(context, { words: ["w1"] });

  expect(context.printed).toEqual(["w1 failed: it needed more than 2GB"]);
});

test("--json passes the answer on", async () => {
  await open({ state: "queued", reason });
  const context = recordingContext({ url: api.url, format: "json" });

  await why(context, { words: ["workload/w1"] });

  expect(JSON.parse(context.printed.join(""))).toMatchObject({
    schema_version: 1,
    workload: "w1",
    reason: { code: "insufficient-gpus" },
  });
});

test.each([
  [3_600_000, "it is planned in 1h, as far as is known"],
  [-60_000, "its planned start is due: it starts as soon as the room is free"],
])(
  "a planned start is told by the moment that is to come, one that is due as such: %d ms from now",
  async (inMs, words) => {
    const at = recordingContext({ url: "http://127.0.0.1" }).clock.now() + inMs;
    await open({ state: "queued", reason, plannedStart: { at, isHardBound: false, isHeld: false } });
    const context = recordingContext({ url: api.url });

    await why(context, { words: ["big"] });

    expect(context.printed.join("\n")).toContain(words);
    expect(context.printed.join("\n")).not.toContain("ago");
  },
);
