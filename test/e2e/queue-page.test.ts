import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Workloads } from "../../src/compute/ports.ts";
import { type FreshPlatform, freshPlatform, testClock } from "../platform.ts";
import { type ServerProcess, startServerProcess, temporaryDataDirectory } from "../server-process.ts";
import { until } from "../until.ts";
import { emptyQueue, fillQueue, submitOne } from "./busy-queue.ts";
import { addressMember, untilAddressed } from "./page-address.ts";
import { TestBrowser, withSignedInPage } from "./signed-in-page.ts";
import { showPage } from "./visit-pages.ts";

const startTimeoutMs = 180_000;
/** Several waits in a row, each with its own limit. */
const testTimeoutMs = 400_000;
/** When the moments of this test begin. */
const now = Date.now();

let platform: FreshPlatform;
let folder: Awaited<ReturnType<typeof temporaryDataDirectory>>;
let server: ServerProcess;
let browser: TestBrowser;
let workloads: Workloads;

beforeAll(async () => {
  browser = new TestBrowser();
  platform = await freshPlatform({ clock: testClock(now) });
  folder = await temporaryDataDirectory();
  server = await startServerProcess({ dataDir: folder.path, cwd: "/", env: { DATABASE_URL: platform.url } });
}, startTimeoutMs);

afterAll(async () => {
  await browser.stop();
  if (workloads !== undefined) await emptyQueue(server, workloads);
  await server.end("SIGTERM");
  await platform.close();
  await folder.remove();
}, startTimeoutMs);

/** Opens an address of the queue page, lets `look` see it, and answers with what was wrong on it. */
async function onQueuePage(path: string, look: (page: Page) => Promise<void>): Promise<readonly string[]> {
  return await withSignedInPage(
    server.controlUrl,
    server.key,
    async (page, problems) => {
      await page.goto(`${server.controlUrl}/queue${path}`);
      await showPage(page, "Queue");
      await look(page);
      return problems;
    },
    browser,
  );
}

test("an empty cluster shows how to declare quotas and a pool, and what a what-if is", {
  timeout: testTimeoutMs,
}, async () => {
  const problems = await onQueuePage("?view=quotas", async (page) => {
    await page.getByText("No quota is declared").waitFor();
    expect(await page.locator("pre").innerText()).toContain("kind: Quota");
    await page.getByRole("link", { name: "Schedule" }).click();
    await page.getByText("No pool has a node yet").waitFor();
    expect(await page.locator("pre").innerText()).toContain("simulatedGpus");
    await page.getByRole("link", { name: "What if" }).click();
    await page.getByText("No quota is declared yet.").waitFor();
    await page.getByText("nothing that runs or waits is touched").waitFor();
  });

  expect(problems).toEqual([]);
});

test("the queue page shows who waits and why, the quotas, the schedule, and what a change would do", {
  timeout: testTimeoutMs,
}, async () => {
  workloads = await fillQueue(server, platform, now);

  const problems = [
    ...(await onQueuePage("", lookAtList)),
    ...(await onQueuePage("?view=quotas", lookAtQuotas)),
    ...(await onQueuePage("?view=schedule", lookAtSchedule)),
    ...(await onQueuePage("?view=what-if", lookAtWhatIf)),
    ...(await onQueuePage("?open=nobody", async (page) => {
      await page.getByText("This workload is not here any more").waitFor();
    })),
  ];

  expect(problems).toEqual([]);
});

test("the drawer shows a full explanation, and each edit leads to a what-if", { timeout: testTimeoutMs }, async () => {
  const problems = await onQueuePage("", async (page) => {
    await page.route("**/why", (route) => route.fulfill({ json: explanation }));
    await page.getByRole("row").filter({ hasText: "large-map" }).click();
    const drawer = page.getByRole("dialog", { name: "large-map" });
    await drawer.getByText("What would start it now").waitFor();
    const words = (await drawer.innerText()).replaceAll(/\s+/g, " ");
    expect(words).toMatch(/As likely as not in \d+m/);
    expect(words).toContain("At the latest – no limit bounds it");
    expect(words).toMatch(
      /segment-roads running ada · team vision, project maps 4 GPUs done in \dh( \d+m)? at the latest likely in 1h \d+m nine times/,
    );
    expect(words).toContain("Stops segment-roads (4 GPUs, loses 4 GPU-hours)");
    expect(words).toContain("resources: { gpus: 1 }");

    expect(words).toContain("Of the last 40 p90 estimates of its pool, 36 held");

    await drawer.getByRole("link", { name: "Try it out" }).first().click();
    await page.getByText("Let large-map ask for 1 GPU").waitFor();
    expect(JSON.parse(await addressMember(page, "change"))).toEqual({
      edits: [{ id: "maps.large-map", field: "shape.gpu.count", to: 1 }],
    });
    await page.getByText("Start earlier").first().waitFor();
  });

  expect(problems).toEqual([]);
});

test("an edit is applied to the training job once it was confirmed, and what a job cannot say is only tried out", {
  timeout: testTimeoutMs,
}, async () => {
  const job = { kind: "TrainingJob", project: "maps", name: "large-map", version: 7, labels: { of: "maps" } };
  const spec = { pool: "h100", resources: { gpus: 6, gpuModel: "H100" }, priority: 50 };
  let applied: unknown;
  const problems = await onQueuePage("", async (page) => {
    await page.route("**/why", (route) => route.fulfill({ json: explanation }));
    await page.route("**/training-jobs/large-map", (route) => route.fulfill({ json: { ...job, spec } }));
    await page.route("**/api/v1/apply", async (route) => {
      applied = route.request().postDataJSON();
      await route.fulfill({ json: { results: [] } });
    });
    await page.getByRole("row").filter({ hasText: "large-map" }).click();
    const drawer = page.getByRole("dialog", { name: "large-map" });
    await drawer.getByText("has no member for this").waitFor();
    await drawer.getByRole("button", { name: "Apply…" }).first().click();
    const asked = drawer.getByRole("group", { name: "Apply to large-map" });
    await asked.getByText("The job begins anew").waitFor();
    await asked.getByRole("button", { name: "Leave it as it is" }).click();
    expect(applied).toBeUndefined();
    await drawer.getByRole("button", { name: "Apply…" }).first().click();
    await asked.getByRole("button", { name: "Apply to large-map" }).click();
    await drawer.getByText("large-map was changed").waitFor();
  });

  expect(applied).toEqual({ manifests: [{ ...job, spec: { ...spec, resources: { gpus: 1, gpuModel: "H100" } } }] });
  expect(problems).toEqual([]);
});

test("a schedule that is looked at shows who comes without being asked for again by time", {
  timeout: testTimeoutMs,
}, async () => {
  const problems = await onQueuePage("?view=schedule&as=table", async (page) => {
    await page.getByRole("row").filter({ hasText: "find-faces" }).first().waitFor();
    await submitOne(workloads, { name: "comes-late", project: "chat", pool: "a100", gpus: 0.25, limitHours: 1 });
    // Far less than the slow poll takes.
    await page.getByRole("row").filter({ hasText: "comes-late" }).first().waitFor({ timeout: 20_000 });
  });

  expect(problems).toEqual([]);
});

test("a schedule of 200 nodes and 4,000 spans draws the rows in view, and others when they are scrolled to", {
  timeout: testTimeoutMs,
}, async () => {
  const problems = await onQueuePage("", async (page) => {
    await page.route("**/api/v1/schedule?*", (route) => route.fulfill({ json: largeSchedule() }));
    await page.getByRole("link", { name: "Schedule" }).click();
    const chart = page.getByRole("listbox");
    await chart.getByText("node-1", { exact: true }).waitFor();
    expect(await chart.locator(".gantt-bar").count()).toBeLessThan(400);
    await page.evaluate("document.querySelector('.gantt').scrollTo(0, 1e6)");
    await chart.getByText("node-200", { exact: true }).waitFor();
    expect(await chart.locator(".gantt-bar").count()).toBeLessThan(400);
    expect(await chart.getByText("node-1", { exact: true }).count()).toBe(0);
  });

  expect(problems).toEqual([]);
});

const minuteMs = 60_000;

/** An answer as it is when every part of an explanation is there. */
const explanation = {
  id: "maps.large-map",
  position: 2,
  waitingInQueue: 3,
  plannedStart: null,
  reason: {
    code: "quota-in-use",
    isLasting: false,
    sentence: "others hold what its queue could have",
    blockers: [
      {
        id: "maps.segment-roads",
        name: "TrainingJob/segment-roads",
        gpus: 4,
        kind: "running",
        endsBy: now + 3 * 60 * minuteMs,
        endsP50: now + 90 * minuteMs,
        endsP90: now + 120 * minuteMs,
        owner: { kind: "TrainingJob", name: "segment-roads", project: "maps", team: "vision", identity: "ada" },
      },
    ],
    changes: [],
  },
  record: { scope: "pool", made: 40, held: 36, isCorrected: true },
  eta: { p50: now + 47 * minuteMs, p90: now + 130 * minuteMs, hardBound: null },
  evicts: [],
  edits: [
    { field: "shape.gpu.count", from: 6, to: 1, sentence: "ask for 1 H100", effect: "starts", evicts: [] },
    { field: "topology", from: null, to: null, sentence: "ask for no groups", effect: "starts", evicts: [] },
    {
      field: "priority",
      from: 50,
      to: 71,
      sentence: "give it priority 71",
      effect: "evicts",
      evicts: [{ id: "maps.segment-roads", name: "TrainingJob/segment-roads", gpus: 4, lostGpuSeconds: 14_400 }],
    },
  ],
};

function largeSchedule(): unknown {
  const nodes = Array.from({ length: 200 }, (_, node) => ({
    pool: "large",
    node: `node-${node + 1}`,
    gpus: 8,
    gpuModel: "H100",
    spans: Array.from({ length: 20 }, (__, index) => ({
      kind: index < 4 ? "running" : "planned",
      start: now + (Math.floor(index / 4) * 300 - 60) * minuteMs,
      end: now + (Math.floor(index / 4) * 300 + 240) * minuteMs,
      id: `${node}-${index}`,
      name: `TrainingJob/train-${node}-${index}`,
      project: `project-${index % 7}`,
      gpuIndices: [(index % 4) * 2, (index % 4) * 2 + 1],
      gpuMillis: 2000,
      isHeld: false,
    })),
  }));
  return { from: now, to: now + 24 * 60 * minuteMs, nodes };
}

async function lookAtList(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Waiting", exact: true }).click();
  await untilAddressed(page, "show", "waiting");
  await until("those that wait are shown", async () => (await page.locator("tbody tr").count()) === 5);
  const row = page.getByRole("row").filter({ hasText: "match-faces" });
  // Its planned start may come a moment after those of others.
  await row.getByText(/in (about )?\d+/).waitFor();
  expect(await row.innerText()).toContain("4 A100");

  await row.click();
  const drawer = page.getByRole("dialog", { name: "match-faces" });
  await drawer.getByText("What would start it now").waitFor();
  await untilAddressed(page, "open", "faces.match-faces");
  const words = await drawer.innerText();
  expect(words).toMatch(/find-faces running\s+team vision, project faces\s+2 GPUs\s+done in \dh( \d+m)? at the latest/);
  expect(words).toMatch(/ask for 1 A100 GPU/i);
  expect(words).toContain("nobody is stopped");
  expect(words).toContain("millwright why faces.match-faces");
  await page.keyboard.press("Escape");
  await untilAddressed(page, "open", null);
}

async function lookAtQuotas(page: Page): Promise<void> {
  const line = (team: string, words: string): Promise<void> =>
    page.getByRole("row").filter({ hasText: team }).getByText(words).waitFor();
  await line("visionteam", "4 of 4 + 2 borrowed");
  await line("languageteam, weight 2", "1 of 4, 2 lent out");
  const bar = page.getByRole("row").filter({ hasText: "visionteam" }).getByRole("button").first();
  expect(await bar.getAttribute("aria-label")).toContain("may borrow up to 3");
  await bar.focus();
  await page.locator(".page-tip").getByText("2 borrowed from others").waitFor();

  await page.getByRole("row").filter({ hasText: "mapsproject" }).getByRole("link").click();
  await untilAddressed(page, "project", "maps");
  await untilAddressed(page, "show", "waiting");
}

async function lookAtSchedule(page: Page): Promise<void> {
  const chart = page.getByRole("listbox");
  await chart.getByText("4 × A100, simulated").waitFor();
  await until("six bars run", async () => (await chart.locator(".gantt-bar.running").count()) === 6);
  await until("one is reserved", async () => (await chart.locator(".gantt-bar.reserved").count()) === 1);
  await page.getByRole("button", { name: "7 d" }).click();
  await untilAddressed(page, "hours", "168");
  await chart.locator(".gantt-bar.planned").first().waitFor();
  await page.getByRole("button", { name: "6 h" }).click();
  await untilAddressed(page, "hours", "6");

  await chart.focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByText("Its place").waitFor();
  await page.keyboard.press("Escape");
  await untilAddressed(page, "open", null);
  await chart.locator(".gantt-bar.running").filter({ hasText: "segment-roads" }).click();
  const drawer = page.getByRole("dialog", { name: "segment-roads" });
  await drawer.getByText(/GPU \d, \d, \d, \d \(H100, simulated\)/).waitFor();
  await drawer.getByText("never stopped for others").waitFor();
  await page.keyboard.press("Escape");
  await untilAddressed(page, "open", null);

  await page.getByRole("button", { name: "24 h" }).click();
  await page.getByLabel("Pool", { exact: true }).selectOption("a100");
  await page.getByRole("button", { name: "Table" }).click();
  await untilAddressed(page, "pool", "a100");
  await untilAddressed(page, "as", "table");
  await page.getByRole("row").filter({ hasText: "course" }).getByText("set aside").waitFor();
  await page.getByRole("row").filter({ hasText: "segment-roads" }).first().waitFor({ state: "detached" });
}

async function lookAtWhatIf(page: Page): Promise<void> {
  await page.getByLabel("Pool to add to").selectOption("a100");
  await page.getByLabel("How many nodes").fill("2");
  await page.getByRole("form", { name: "Add nodes like those of a pool" }).getByRole("button", { name: "Try" }).click();
  await page.getByText("Add 2 more nodes to pool a100").waitFor();
  expect(JSON.parse(await addressMember(page, "change"))).toEqual({ addNodes: [{ pool: "a100", count: 2 }] });
  const row = page.getByRole("row").filter({ hasText: "match-faces" });
  await row.getByText("at once").waitFor();
  expect(await row.innerText()).toContain("earlier");

  await page.getByRole("button", { name: "Leave out: Add 2 more nodes to pool a100" }).click();
  await page.getByText("nothing that runs or waits is touched").waitFor();
  await untilAddressed(page, "change", null);
}
