import fc from "fast-check";
import { expect, test } from "vitest";
import { isFault } from "../../../base/fault.ts";
import type { TraceFormat } from "../model.ts";
import { ownTraceColumns } from "./own-trace.ts";
import { readTrace } from "./read-trace.ts";

const pools = ["train", "dev"];
const philly = "vc,job_idx,arrival_s,num_gpus,duration_s_v100_est,gavel_model";
const openb =
  "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time";

const jobsOf = (format: TraceFormat, text: string) => readTrace(format, text, pools).jobs;

function problemsOf(format: TraceFormat, ...lines: readonly string[]): readonly string[] {
  try {
    readTrace(format, lines.join("\n"), pools);
  } catch (error) {
    if (isFault(error, "scheduling.trace-invalid")) return error.message.split("\n").slice(1);
    throw error;
  }
  return [];
}

test("a row of our own format needs an id and two times; the rest has plain values", () => {
  const [job] = jobsOf("own", "id,submit_s,duration_s\nx,1.5,60\n");

  expect(job).toEqual({
    item: {
      id: "x",
      name: "x",
      queue: "default",
      role: "training",
      pools,
      priority: 50,
      submittedAt: 1500,
      shape: { gpu: { kind: "none" }, gpuModels: [], cpuMillis: 0, memory: 0, tolerations: [] },
      members: { min: 1, max: 1 },
      topology: null,
      limitMs: null,
      forecast: null,
      isPreemptible: true,
      minRuntimeMs: 0,
      restartMs: 0,
      timesPreempted: 0,
    },
    user: "",
    durationMs: 60_000,
    checkpointEveryMs: null,
  });
});

test("every column of our own format is read", () => {
  const row: Readonly<Record<string, string>> = {
    id: "x",
    name: '"llama, again"',
    queue: "nlp",
    user: "ada",
    role: "evaluation",
    pools: "dev",
    priority: "80",
    submit_s: "0",
    duration_s: "7200",
    limit_s: "9000",
    p50_s: "7000",
    p90_s: "8000",
    members: "4",
    members_max: "8",
    gpus: "8",
    gpu_models: "A100|H100",
    cpus: "12.5",
    memory: "64GB",
    checkpoint_s: "600",
    restart_s: "30",
    min_runtime_s: "120",
    preemptible: "false",
    topology_required: "block",
    topology_preferred: "rack",
    slice_size: "2",
    slice_level: "rack",
    tolerations: "spot",
  };
  const text = `# made by hand\n${Object.keys(row).join(",")}\n${Object.values(row).join(",")}\n`;

  const [job] = jobsOf("own", text);

  expect(new Set([...Object.keys(row), "gpu_milli", "mig_profile"])).toEqual(new Set(ownTraceColumns));
  expect(job).toMatchObject({
    user: "ada",
    durationMs: 7_200_000,
    checkpointEveryMs: 600_000,
    item: {
      name: "llama, again",
      queue: "nlp",
      role: "evaluation",
      pools: ["dev"],
      priority: 80,
      shape: {
        gpu: { kind: "whole", count: 8 },
        gpuModels: ["A100", "H100"],
        cpuMillis: 12_500,
        memory: 64e9,
        tolerations: ["spot"],
      },
      members: { min: 4, max: 8 },
      topology: { required: "block", preferred: "rack", slice: { size: 2, level: "rack" } },
      limitMs: 9_000_000,
      forecast: { p50Ms: 7_000_000, p90Ms: 8_000_000 },
      isPreemptible: false,
      minRuntimeMs: 120_000,
      restartMs: 30_000,
    },
  });
});

test.each([
  ["gpu_milli", "250", { kind: "share", millis: 250 }],
  ["gpu_milli", "1000", { kind: "whole", count: 1 }],
  ["gpus", "2", { kind: "whole", count: 2 }],
  ["mig_profile", "1g.10gb", { kind: "mig", profile: "1g.10gb" }],
])("%s %s of our own format asks for a part of a GPU, whole ones, or a slice", (column, cell, gpu) => {
  const [job] = jobsOf("own", `id,submit_s,duration_s,${column}\nx,0,1,${cell}`);

  expect(job?.item.shape.gpu).toEqual(gpu);
});

test.each<readonly [TraceFormat, readonly string[], string]>([
  [
    "own",
    ["id,submit_s,duration_s", "x,-1,5"],
    'row 2, column submit_s: wanted a number from 0 to 1000000000, found "-1"',
  ],
  [
    "own",
    ["id,submit_s,duration_s", "x,0,1e12"],
    'row 2, column duration_s: wanted a number from 0 to 1000000000, found "1e12"',
  ],
  [
    "own",
    ["id,submit_s,duration_s", "x,0,"],
    'row 2, column duration_s: wanted a number from 0 to 1000000000, found ""',
  ],
  ["own", ["id,submit_s,duration_s", "x,0"], "row 2: wanted 3 cells as in the heading, found 2"],
  [
    "own",
    ["id,submit_s,duration_s", "x,9,1", "y,3,1"],
    "row 3, column submit_s: the clock jumps back from 9 to 3; sort the rows",
  ],
  ["own", ["id,submit_s,duration_s", "x,0,1", "x,0,1"], 'row 3, column id: "x" stands there twice'],
  [
    "own",
    ["id,submit_s,duration_s,gpus", "x,0,1,1.5"],
    'row 2, column gpus: wanted a whole number from 0 to 1024, found "1.5"',
  ],
  [
    "own",
    ["id,submit_s,duration_s,gpus,gpu_milli", "x,0,1,1,500"],
    "row 2, column gpu_milli: a row has only one of gpus, gpu_milli",
  ],
  [
    "own",
    ["id,submit_s,duration_s,members,members_max", "x,0,1,4,2"],
    'row 2, column members_max: wanted a whole number from 4 to 100000, found "2"',
  ],
  [
    "own",
    ["id,submit_s,duration_s,memory", "x,0,1,lots"],
    'row 2, column memory: wanted a size such as 64GB, found "lots"',
  ],
  ["own", ["id,submit_s,duration_s,pools", "x,0,1,gpu"], "row 2, column pools: no pool gpu; there are train, dev"],
  [
    "own",
    ["id,submit_s,duration_s,slice_size,slice_level,members", "x,0,1,3,rack,8"],
    "row 2, column slice_size: 8 members are no groups of 3",
  ],
  [
    "own",
    ["id,submit_s,duration_s,p50_s,p90_s", "x,0,1,9,3"],
    "row 2, column p90_s: wanted at least p50_s (9), found 3",
  ],
  ["own", ["id,submit_s"], "row 1, column duration_s: this column is missing"],
  ["own", ["id,submit_s,duration_s,id"], "row 1, column id: this column stands there twice"],
  ["philly", [philly, "v,0,5,0,3,m"], 'row 2, column num_gpus: wanted a whole number from 1 to 1024, found "0"'],
  [
    "philly",
    [philly, "v,0,5,1,3,m", "w,0,1,1,3,m", "v,1,4,1,3,m"],
    "row 4, column arrival_s: the clock of v jumps back from 5 to 4",
  ],
  [
    "openb",
    [openb, "p,1,1,1,500,,LS,Running,9,7,9"],
    "row 2, column deletion_time: the clock jumps back: it lies before the pod began",
  ],
  [
    "openb",
    [openb, "p,1,1,1,500,,LS,Running,9,12,8"],
    "row 2, column scheduled_time: the clock jumps back: it lies before creation_time",
  ],
  ["openb", [openb, "p,1,1,2,500,,LS,Running,1,2,1"], "row 2, column gpu_milli: wanted 1000 for 2 GPUs, found 500"],
])("%s: a bad row is named with its column: %j", (format, lines, message) => {
  expect(problemsOf(format, ...lines)).toEqual([message]);
});

test("an unknown column is named with the ones that there are", () => {
  const [message] = problemsOf("own", "id,submit_s,duration_s,gpu", "x,0,1,1");

  expect(message).toContain("row 1, column gpu: no such column; there are id, submit_s, duration_s, name");
});

test("the first ten problems are shown and the others counted, however many there are", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 60 }), (bad, good) => {
      const rows = [
        ...Array.from({ length: good }, (_, index) => `good-${index},0,1`),
        ...Array.from({ length: bad }, (_, index) => `bad-${index},0,soon`),
      ];
      const problems = problemsOf("own", "id,submit_s,duration_s", ...rows);

      expect(problems.length).toBe(bad > 10 ? 11 : bad);
      expect(problems[0]).toContain(`row ${good + 2}, column duration_s`);
      if (bad > 10) expect(problems.at(-1)).toBe(`... and ${bad - 10} more`);
    }),
  );
});

test("no text whatever makes a reader throw anything but its fault, and what is read is sane", () => {
  const cell = fc.oneof(fc.string({ maxLength: 6 }), fc.integer().map(String), fc.double().map(String));
  const row = fc.array(cell, { minLength: 3, maxLength: 5 }).map((cells) => cells.join(","));
  fc.assert(
    fc.property(fc.array(row, { maxLength: 6 }), (rows) => {
      const text = ["id,submit_s,duration_s,gpus", ...rows].join("\n");
      try {
        for (const { item, durationMs } of jobsOf("own", text)) {
          expect(item.submittedAt).toBeGreaterThanOrEqual(0);
          expect(durationMs).toBeGreaterThanOrEqual(0);
        }
      } catch (error) {
        expect(isFault(error, "scheduling.trace-invalid")).toBe(true);
      }
    }),
  );
});

test("rows that are written are read back as they were", () => {
  const given = fc.array(
    fc.record({
      gap: fc.integer({ min: 0, max: 1e6 }),
      durationMs: fc.integer({ min: 0, max: 1e9 }),
      gpus: fc.integer({ min: 1, max: 1024 }),
    }),
  );
  fc.assert(
    fc.property(given, (rows) => {
      let at = 0;
      const lines = rows.map(({ gap, durationMs, gpus }, index) => {
        at += gap;
        return `j${index},${at / 1000},${durationMs / 1000},${gpus}`;
      });
      const read = jobsOf("own", ["id,submit_s,duration_s,gpus", ...lines].join("\r\n"));

      expect(read.map(({ durationMs }) => durationMs)).toEqual(rows.map(({ durationMs }) => durationMs));
      expect(read.at(-1)?.item.submittedAt ?? 0).toBe(at);
      expect(read.map(({ item }) => item.shape.gpu)).toEqual(rows.map(({ gpus }) => ({ kind: "whole", count: gpus })));
    }),
  );
});

test("a Philly job beyond eight GPUs is a gang of equal members that have all its GPUs together", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 256 }), (gpus) => {
      const [job] = jobsOf("philly", `${philly}\nvc1,7,0.5,${gpus},100,ResNet-18`);
      const gpu = job?.item.shape.gpu;
      const each = gpu?.kind === "whole" ? gpu.count : 0;

      expect(each).toBeGreaterThanOrEqual(1);
      expect(each).toBeLessThanOrEqual(8);
      expect(each * (job?.item.members.min ?? 0)).toBe(gpus);
      expect(job).toMatchObject({ durationMs: 100_000, item: { id: "vc1/7", queue: "vc1", name: "ResNet-18" } });
    }),
  );
});

test("an openb pod runs from when it was scheduled to its deletion; a pending one from its creation", () => {
  const rows = ["p,4000,1024,1,460,G2|T4,LS,Running,10,40,15", "q,1000,0,0,0,,BE,Pending,20,50,"];
  const jobs = jobsOf("openb", [openb, ...rows].join("\n"));

  expect(jobs).toMatchObject([
    {
      durationMs: 25_000,
      item: {
        id: "p",
        queue: "LS",
        submittedAt: 10_000,
        shape: { gpu: { kind: "share", millis: 460 }, gpuModels: ["G2", "T4"], cpuMillis: 4000, memory: 1024 ** 3 },
      },
    },
    { durationMs: 30_000, item: { id: "q", submittedAt: 20_000, shape: { gpu: { kind: "none" } } } },
  ]);
});

test("a Philly job without a duration takes that of the one before it in its virtual cluster, else of the one after", () => {
  const rows = ["v,0,0,16,,m", "v,1,1,1,70,m", "w,0,0,1,5,m", "v,2,2,32,,m"];

  const { jobs, notes } = readTrace("philly", [philly, ...rows].join("\n"), pools);

  expect(jobs.map(({ durationMs }) => durationMs)).toEqual([70_000, 70_000, 5000, 70_000]);
  expect(notes).toEqual(["2 of 4 jobs have no duration in the trace and take that of a neighbour"]);
  expect(problemsOf("philly", philly, "v,0,0,16,,m")).toEqual([
    "row 1, column duration_s_v100_est: no job of v has a duration",
  ]);
});
