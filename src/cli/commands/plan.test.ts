import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isFault } from "../../base/fault.ts";
import { recordingContext } from "../fixtures/recording-context.ts";
import { openStubApi } from "../fixtures/stub-api.ts";
import { plan } from "./plan.ts";

const example = join(import.meta.dirname, "../../../examples/planning/vision-team/plan.yaml");

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "plan-"));
});
afterEach(async () => await rm(folder, { recursive: true }));

test("writes the report, its data and the bill of materials into a folder", async () => {
  const context = recordingContext({});

  expect(await plan(context, { file: example, out: folder })).toBe(0);
  expect((await readdir(folder)).sort()).toEqual(["parts.csv", "plan.json", "report.html", "report.md"]);
  expect(context.printed).toHaveLength(4);
  expect(await readFile(join(folder, "report.md"), "utf8")).toContain("# A vision team on 8 L40S");
});

test("at a terminal the answer comes first, with its error, then why; in Markdown, HTML or CSV where it is asked for", async () => {
  const text = recordingContext({});
  await plan(text, { file: example });

  expect(text.printed.slice(0, 3)).toEqual(["A vision team on 8 L40S", "", "Answer"]);
  expect(text.printed.join("\n")).toMatch(/how wrong:\n +not measured +GPUs and the chance of a shortage/);
  expect(text.printed.indexOf("Why, and what if")).toBeLessThan(text.printed.indexOf("Capacity"));
  for (const [format, begins] of [
    ["markdown", "# A vision team on 8 L40S\n"],
    ["html", "<!doctype html>"],
    ["csv", "group,part,count,count_error"],
  ] as const) {
    const context = recordingContext({});
    await plan(context, { file: example, format });
    expect(context.printed.join("").startsWith(begins)).toBe(true);
  }
});

test("--json prints the whole answer", async () => {
  const context = recordingContext({ format: "json" });

  await plan(context, { file: example });

  expect(JSON.parse(context.printed.join(""))).toMatchObject({
    schema_version: 1,
    plan: { gpu: "L40S", gpusPerServer: 8 },
  });
});

test("a plan that cannot be answered is refused with its line", async () => {
  const file = join(folder, "plan.yaml");
  await writeFile(file, (await readFile(example, "utf8")).replace("gpu: L40S", "gpu: L400"));

  const failure: unknown = await plan(recordingContext({}), { file }).catch((error: unknown) => error);

  expect(isFault(failure, "planning.plan-invalid")).toBe(true);
  expect(String(failure)).toMatch(/plan\.yaml:6:8: fleet\.gpu must be a GPU of the catalog/);
});

test("without a file it says how to name one, and --schema prints the schema of plans", async () => {
  const context = recordingContext({});

  await expect(plan(context, {})).rejects.toThrow("millwright plan -f plan.yaml");
  await plan(context, { schema: true });
  expect(JSON.parse(context.printed.join(""))).toMatchObject({
    type: "object",
    required: expect.arrayContaining(["fleet"]),
  });
});

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const line = (hour: number, gpus: number) => ({
  hour: new Date(hour * hourMs).toISOString().slice(0, "2026-11-25T13".length),
  purpose: "training",
  project: "maps",
  gpuSeconds: { useful: gpus * 3000, idle: gpus * 600, lost: 0, open: 0 },
});

test("--from-live draws the plan up from the ledger, answers it, and writes both", async () => {
  const today = 20_700;
  const api = await openStubApi({
    "GET /api/v1/usage": (request, response) => {
      const query = new URL(request.url ?? "", "http://stub").searchParams;
      const [from, to] = ["from", "to"].map((name) => Number(query.get(name)) / hourMs);
      const hours = Array.from({ length: (to ?? 0) - (from ?? 0) }, (_, at) => (from ?? 0) + at);
      const items =
        query.get("by") === "model"
          ? [
              { model: "NVIDIA H100 80GB HBM3", gpuSeconds: { useful: 5 } },
              { model: null, gpuSeconds: { useful: 0 } },
            ]
          : hours.map((hour) => line(hour, hour % 24 === 9 ? 12 : 4));
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ items }));
    },
    "GET /api/v1/usage/queue": {
      json: {
        items: [0, 1, 2].map((index) => ({
          id: `job-${index}`,
          queue: "maps",
          purpose: "training",
          members: 2,
          resources: { gpus: 8 },
          priority: 50,
          isPreemptible: true,
          limitMs: null,
          queuedAt: index * 1000,
          ranMs: 7_200_000,
        })),
      },
    },
    "POST /api/v1/planning/site": {
      json: {
        site: [
          {
            kind: "failures",
            group: "H100-SXM",
            rows: [{ low: 8, likely: 19.7, high: 34, measured: 12, exposure: 100_000 }],
          },
        ],
      },
    },
    "GET /api/v1/projects": { json: { items: [{ name: "maps", spec: { team: "vision" } }] } },
  });
  const context = recordingContext({ url: api.url, now: today * dayMs + 5_000_000 });
  const wins = join(folder, "wins.yaml");
  await writeFile(wins, "name: Ours\ncost: { usdPerKwh: 0.2 }\nsimulation: { draws: 100 }\n");

  await plan(context, { fromLive: true, days: 70, file: wins, out: folder });
  await api.close();

  const text = await readFile(join(folder, "plan.yaml"), "utf8");
  expect(text).toMatch(/name: Ours[\s\S]*training of vision[\s\S]*gpus: 12[\s\S]*usdPerKwh: 0\.2/);
  const report = await readFile(join(folder, "report.md"), "utf8");
  expect(report).toMatch(
    /demand\.stages\[0\]\.gpus +\| +12 \| .*ledger, training of vision: the busiest hour of the last 30 days; 95 % of hours held at most 4, the mean is 4\.333/,
  );
  expect(report).toMatch(/6 servers let 95 % start within 15 min/);
  expect(await readFile(join(folder, "queue.csv"), "utf8")).toContain("job-1,1,7200,maps,50,2,8,,,true");
  expect(text).toMatch(/trace:\n {2}file: queue\.csv/);
  expect(report).toMatch(/hazardPerMillionGpuHours.*this site: 12 interruptions in 100000 GPU-hours of H100-SXM/);
  expect(report).toMatch(
    /hours\s+between\s+failures:\s+\*\*±[\d.]+ %\*\*;\s+this\s+site:\s+±\d+ %[\s\S]*;\s+shipped:\s+±/,
  );
  expect(api.asked.filter(({ url }) => url.includes("by=hour")).length).toBe(10);
});

test("--from-live without any GPU in the ledger asks for its name", async () => {
  const api = await openStubApi({
    "GET /api/v1/usage": { json: { items: [] } },
    "GET /api/v1/usage/queue": { json: { items: [] } },
    "GET /api/v1/projects": { json: { items: [] } },
  });
  await expect(plan(recordingContext({ url: api.url }), { fromLive: true, days: 30 })).rejects.toThrow("--gpu H100");
  await api.close();
});

const emptyServer = {
  "GET /api/v1/usage": { json: { items: [] } },
  "GET /api/v1/usage/queue": { json: { items: [] } },
  "GET /api/v1/projects": { json: { items: [] } },
  "POST /api/v1/planning/site": { json: { site: [] } },
};

test("--from-live on an empty ledger plans the stages of the file with its GPU, and says that the ledger held nothing", async () => {
  const api = await openStubApi(emptyServer);
  const file = join(folder, "own.yaml");
  await writeFile(
    file,
    "fleet: { gpu: L40S }\ndemand: { stages: [{ stage: training, gpus: 5 }] }\nsimulation: { draws: 100 }\n" +
      "inferred: [{ path: cost.utilisation, value: 0.5, unit: mean over peak, source: an older ledger }]\n",
  );
  const context = recordingContext({ url: api.url, now: 20_700 * dayMs });

  await plan(context, { fromLive: true, days: 30, file, out: folder });
  await api.close();

  expect(await readFile(join(folder, "plan.yaml"), "utf8")).toMatch(/gpu: L40S[\s\S]*stage: training\n +gpus: 5/);
  const report = await readFile(join(folder, "report.md"), "utf8");
  expect(report).toMatch(
    /\| ledger +\| +0 \| .*the ledger has no GPU time until 2026-09-03: nothing of this plan was read from it/,
  );
  expect(report).toContain("an older ledger");
});

test("--from-live on an empty ledger without stages in the file says what to do", async () => {
  const api = await openStubApi(emptyServer);
  const context = recordingContext({ url: api.url, now: 20_700 * dayMs });

  await expect(plan(context, { fromLive: true, days: 30, gpu: "H100" })).rejects.toThrow(
    "write stages of demand into a plan: millwright plan --from-live -f plan.yaml",
  );
  await api.close();
});

test("of what --from-live inferred, only what the file does not give stands among the assumptions", async () => {
  const hours = [0, 1, 2].map((hour) => line(20_690 * 24 + hour, 4));
  const api = await openStubApi({ ...emptyServer, "GET /api/v1/usage": { json: { items: hours } } });
  const file = join(folder, "own.yaml");
  await writeFile(file, "demand: { stages: [{ stage: training, gpus: 5 }] }\nsimulation: { draws: 100 }\n");
  const context = recordingContext({ url: api.url, now: 20_700 * dayMs, format: "json" });

  await plan(context, { fromLive: true, days: 5, gpu: "H100", file });
  await api.close();

  expect(JSON.parse(context.printed.join(""))).toMatchObject({
    drawnUp: { inferred: [{ path: "cost.utilisation" }] },
  });
});
