import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endPostgres, type ServerProcess, startServerProcess, temporaryDataDirectory } from "../server-process.ts";
import { until } from "../until.ts";
import { addressMember, untilAddressed } from "./page-address.ts";
import { TestBrowser, withSignedInPage } from "./signed-in-page.ts";
import { showPage } from "./visit-pages.ts";

const startTimeoutMs = 180_000;
/** Several waits in a row, each with its own limit. */
const testTimeoutMs = 400_000;

let folder: Awaited<ReturnType<typeof temporaryDataDirectory>>;
let server: ServerProcess;
let browser: TestBrowser;

beforeAll(async () => {
  browser = new TestBrowser();
  folder = await temporaryDataDirectory();
  server = await startServerProcess({ dataDir: folder.path, cwd: "/" });
}, startTimeoutMs);

afterAll(async () => {
  await browser.stop();
  await server.end("SIGTERM");
  await endPostgres(folder.path).catch(() => undefined);
  await folder.remove();
}, startTimeoutMs);

/** Opens an address of the planning page, lets `look` see it, and answers with what was wrong on it. */
async function onPlanningPage(path: string, look: (page: Page) => Promise<void>): Promise<readonly string[]> {
  return await withSignedInPage(
    server.controlUrl,
    server.key,
    async (page, problems) => {
      await page.goto(`${server.controlUrl}/planning${path}`);
      await showPage(page, "Planning");
      await look(page);
      return problems;
    },
    browser,
  );
}

/** The value of the figure with this label. */
const figure = async (page: Page, label: string): Promise<string> =>
  await page
    .locator(".figure", { has: page.getByText(label, { exact: true }) })
    .locator(".value")
    .innerText();

test("a control asks anew, the address holds the whole question, and opened elsewhere it has the same answer", {
  timeout: testTimeoutMs,
}, async () => {
  let answered = "";
  let address = "";
  const first = await onPlanningPage("?view=training", async (page) => {
    const before = await figure(page, "Whole run");
    await page.getByLabel("GPUs", { exact: true }).press("ArrowRight");
    await until("the run is shorter on twice the GPUs", async () => (await figure(page, "Whole run")) !== before);
    const half = await figure(page, "Whole run");
    await page.getByLabel("Tokens, exactly").fill("2T");
    await page.getByLabel("Tokens, exactly").press("Enter");
    await untilAddressed(page, "tokens", "2000000000000");
    await until("the run is longer with twice the tokens", async () => (await figure(page, "Whole run")) !== half);
    answered = await figure(page, "Whole run");
    address = new URL(page.url()).search;
    await untilAddressed(page, "gpus", "128");
  });
  const second = await onPlanningPage(address, async (page) => {
    await until("the same answer is there", async () => (await figure(page, "Whole run")) === answered);
  });

  expect([...first, ...second]).toEqual([]);
});

test("each view shows its plots, and every one says how wrong its figures may be", {
  timeout: testTimeoutMs,
}, async () => {
  const plots = {
    "": ["GPU demand by stage and month, and capacity", "Cumulative cost of each way"],
    "?view=training": ["Parts of a step"],
    "?view=serving": ["Throughput and latency of each replica"],
    "?view=cost": ["Cumulative cost of each way", "Dollars per used GPU-hour when one rate goes to its ends"],
    "?view=advice": [],
  };
  for (const [path, names] of Object.entries(plots)) {
    const problems = await onPlanningPage(path, async (page) => {
      for (const name of names) await page.getByRole("img", { name }).waitFor();
      const errors = await page.getByRole("list", { name: "How wrong this may be" }).first().innerText();
      expect(errors).toMatch(/not measured|measured on/);
    });
    expect(problems).toEqual([]);
  }
});

test.each([
  ["JSON", "size-inference.json", /"kind": ?"|"question"/],
  ["CSV", "size-inference-tables.csv", /^Replicas\r\n/],
  ["Markdown", "size-inference-report.md", /^# Serving Llama-3\.1-70B/],
  ["HTML", "size-inference-report.html", /^<!doctype html>/],
])("the answer is saved as %s", { timeout: testTimeoutMs }, async (form, file, begins) => {
  const problems = await onPlanningPage("?view=serving", async (page) => {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: form, exact: true }).click(),
    ]);
    expect(download.suggestedFilename()).toBe(file);
    expect(await readFile(await download.path(), "utf8")).toMatch(begins);
  });

  expect(problems.filter((problem) => !problem.includes("ERR_ABORTED"))).toEqual([]);
});

test("the view of this site says that nothing was predicted yet", { timeout: testTimeoutMs }, async () => {
  const problems = await onPlanningPage("?view=site", async (page) => {
    await page.getByText("Nothing was predicted here yet").waitFor();
  });

  expect(problems).toEqual([]);
});

test.each(["bank", "vision-team"])(
  "the plan of the example %s stands in the address, is answered whole, and a slider edits it",
  {
    timeout: testTimeoutMs,
  },
  async (name) => {
    const text = await readFile(join(import.meta.dirname, "../../examples/planning", name, "plan.yaml"), "utf8");
    const problems = await onPlanningPage(`?${new URLSearchParams({ plan: text }).toString()}`, async (page) => {
      for (const plot of ["GPU demand by stage and month, and capacity", "Cumulative cost of each way"]) {
        await page.getByRole("img", { name: plot }).waitFor();
      }
      const plan = page.getByLabel("The plan as YAML");
      expect(await plan.inputValue()).toBe(text);
      await page.getByLabel("Horizon, exactly").fill("24");
      await page.getByLabel("Horizon, exactly").press("Enter");
      await until("the plan says so", async () => (await plan.inputValue()).includes("horizonMonths: 24"));
      const address = await addressMember(page, "plan", (member) => member.includes("horizonMonths: 24"));
      // Comments of the plan's author stay.
      expect(address).toContain(text.split("\n")[0]);
    });

    expect(problems).toEqual([]);
  },
);

test("what is typed into the plan moves the controls, and what is wrong is told with its line", {
  timeout: testTimeoutMs,
}, async () => {
  const problems = await onPlanningPage("", async (page) => {
    const plan = page.getByLabel("The plan as YAML");
    await page.getByRole("img", { name: "GPU demand by stage and month, and capacity" }).waitFor();
    const text = await plan.inputValue();
    const at = text.split("\n").findIndex((line) => line.includes("gpus: 64"));
    await plan.fill(text.replace("gpus: 64", "gpus: 96"));
    await until("the control shows it", async () => (await page.getByLabel("Training, exactly").inputValue()) === "96");
    await plan.fill(text.replace("gpus: 64", "gpus: many"));
    const wrong = page.getByRole("alert", { name: "What is wrong with the plan" });
    await wrong.getByText(`line ${at + 1}`).waitFor();
    await page.getByRole("button", { name: "Back to the controls" }).click();
    await until("the plan is the controls' again", async () => (await plan.inputValue()) === text);
  });

  expect(problems.filter((problem) => !problem.includes("400"))).toEqual([]);
});

test("a question that nothing can answer says why, and the next one is answered", {
  timeout: testTimeoutMs,
}, async () => {
  await onPlanningPage("?view=training&model=Llama-3.1-405B&gpus=1", async (page) => {
    await page
      .getByRole("alert")
      .getByText(/take \d+ accelerators/)
      .waitFor();
    // The same question is refused again.
    expect(await page.getByRole("button", { name: "Try again" }).count()).toBe(0);
    await page.getByLabel("GPUs, exactly").fill("512");
    await page.getByLabel("GPUs, exactly").press("Enter");
    await page.getByText("Where a step's time goes").waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
  });
});

test("a name that is typed and unknown is answered with what stands in for it, and one misspelt with what was meant", {
  timeout: testTimeoutMs,
}, async () => {
  const problems = await onPlanningPage("?view=serving", async (page) => {
    await page.getByLabel("Model", { exact: true }).fill("acme-13b");
    await page.getByLabel("Model", { exact: true }).press("Enter");
    await page.getByRole("status").getByText('"acme-13b" is no model of the catalog').waitFor();
    await untilAddressed(page, "model", "acme-13b");
    await page.getByLabel("GPU", { exact: true }).fill("H10O");
    await page.getByLabel("GPU", { exact: true }).press("Enter");
    await page.getByText("did you mean H100-SXM?").first().waitFor();
  });

  // The refused question is the browser's own complaint.
  expect(problems.filter((problem) => !problem.includes("404"))).toEqual([]);
});

test("a plan too long to be written into an address is packed into it, and opened elsewhere it is the same plan", {
  timeout: testTimeoutMs,
}, async () => {
  const text = await readFile(join(import.meta.dirname, "../../examples/planning/bank/plan.yaml"), "utf8");
  const notes = Array.from({ length: 400 }, (_, at) => `# line ${at} of our notes: nothing to plan\n`).join("");
  const long = `${notes}${text}`;
  let address = "";
  const first = await onPlanningPage("", async (page) => {
    await page.getByRole("img", { name: "Cumulative cost of each way" }).waitFor();
    await page.getByLabel("The plan as YAML").fill(long);
    await until("the address holds it packed", async () => page.url().includes("plan=deflate."));
    address = new URL(page.url()).search;
  });
  const second = await onPlanningPage(address, async (page) => {
    await page.getByRole("img", { name: "Cumulative cost of each way" }).waitFor();
    expect(await page.getByLabel("The plan as YAML").inputValue()).toBe(long);
  });

  expect(address.length).toBeLessThan(12_000);
  expect([...first, ...second]).toEqual([]);
});

test("a plan and the trace beside it are opened together, and the queue is packed", {
  timeout: testTimeoutMs,
}, async () => {
  const example = join(import.meta.dirname, "../../examples/planning/llm-company");
  const problems = await onPlanningPage("", async (page) => {
    await page.getByRole("img", { name: "Cumulative cost of each way" }).waitFor();
    await page.getByLabel("A plan", { exact: true }).setInputFiles(join(example, "plan.yaml"));
    await page.getByText("names the trace").waitFor();
    await page
      .getByLabel("A plan", { exact: true })
      .setInputFiles([join(example, "plan.yaml"), join(example, "queue.csv")]);
    await page.getByText("The queue, packed by the scheduler").waitFor();
    await page.getByRole("heading", { name: "Training runs" }).waitFor();
    await page.getByRole("heading", { name: "Where a step of pre-training goes" }).waitFor();
    await page.getByRole("img", { name: "Parts of a step" }).waitFor();
  });

  expect(problems.filter((problem) => !problem.includes("400"))).toEqual([]);
});

test("a served model is planned in the format it is published in until another is chosen, and the page says which", {
  timeout: testTimeoutMs,
}, async () => {
  const problems = await onPlanningPage("?view=serving&model=DeepSeek-V3", async (page) => {
    const format = page.locator("label", { hasText: "Number format" }).locator("select");
    const fits = page.locator(".figure", { has: page.getByText("Fits with", { exact: true }) });
    await fits.getByText("weights in fp8").waitFor();
    await page.getByText("fp8 is assumed, as the makers' checkpoint says").waitFor();
    expect(await format.inputValue()).toBe("");
    await format.selectOption("bf16");
    await untilAddressed(page, "precision", "bf16");
    await fits.getByText("weights in bf16").waitFor();
  });
  const shared = await onPlanningPage("?view=serving&model=gpt-oss-20b&precision=bf16", async (page) => {
    await page.getByText("weights in bf16").first().waitFor();
    const format = page.locator("label", { hasText: "Number format" }).locator("select");
    expect(await format.inputValue()).toBe("bf16");
  });

  expect([...problems, ...shared]).toEqual([]);
});

test("an amount that is none is told beside its control, and is not asked", { timeout: testTimeoutMs }, async () => {
  const problems = await onPlanningPage("?view=training", async (page) => {
    const before = await figure(page, "Whole run");
    const gpus = page.getByLabel("GPUs, exactly");
    for (const typed of ["many", "-5", "0"]) {
      await gpus.fill(typed);
      await gpus.press("Enter");
      await page.getByRole("alert").getByText("Write a number from 1 to 16,384").waitFor();
    }
    await gpus.press("Escape");
    expect(await gpus.inputValue()).toBe("64");
    expect(await page.getByRole("alert").count()).toBe(0);
    expect(await figure(page, "Whole run")).toBe(before);
  });

  expect(problems).toEqual([]);
});

test("while a plan is wrong, the answer before it stays where it was", { timeout: testTimeoutMs }, async () => {
  const problems = await onPlanningPage("", async (page) => {
    const plot = page.getByRole("img", { name: "Cumulative cost of each way" });
    await plot.waitFor();
    const plan = page.getByLabel("The plan as YAML");
    await plan.fill((await plan.inputValue()).replace("gpus: 64", "gpus: many"));
    await page.getByText("answers the question before this one").waitFor();
    await page
      .getByRole("alert", { name: "What is wrong with the plan" })
      .getByText('wanted a number; found "many"')
      .waitFor();
    expect(await plot.count()).toBe(1);
  });

  expect(problems.filter((problem) => !problem.includes("400"))).toEqual([]);
});

test.each([390, 1024])(
  "nothing of a plan's answer is wider than a page of %i pixels",
  { timeout: testTimeoutMs },
  async (width) => {
    await onPlanningPage("", async (page) => {
      await page.setViewportSize({ width, height: 900 });
      const tornado = page.getByRole("img", { name: "Dollars per used GPU-hour when one rate goes to its ends" });
      await tornado.waitFor();
      await until("it was drawn for this width", async () => {
        const drawn = Number((await tornado.getAttribute("viewBox"))?.split(" ")[2]);
        return Math.abs(drawn - ((await tornado.locator("xpath=..").boundingBox())?.width ?? 0)) < 1;
      });
      const panel = await tornado.boundingBox();
      const words = await tornado.locator("text").all();
      expect(words.length).toBeGreaterThan(10);
      // A halo of two pixels around the words is no word.
      const halo = 4;
      for (const word of words) {
        const box = await word.boundingBox();
        expect(box?.x ?? 0).toBeGreaterThanOrEqual((panel?.x ?? 0) - halo);
        expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual((panel?.x ?? 0) + (panel?.width ?? 0) + halo);
      }
      expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBe(width);
      const site = await page.getByRole("link", { name: "This site" }).boundingBox();
      expect((site?.x ?? width) + (site?.width ?? 0)).toBeLessThanOrEqual(width);
    });
  },
);

test("while a question is computed the last answer stays, the page says for how long, and nothing is saved with the wrong question", {
  timeout: testTimeoutMs,
}, async () => {
  const problems = await onPlanningPage("?view=training", async (page) => {
    const before = await figure(page, "Whole run");
    const hold = Promise.withResolvers<void>();
    await page.route("**/planning/size-training", async (route) => {
      await hold.promise;
      await route.continue();
    });
    await page.getByLabel("GPUs", { exact: true }).press("ArrowRight");
    await page.getByText(/^Computing, \d+ s$/).waitFor();
    expect(await figure(page, "Whole run")).toBe(before);
    expect(await page.getByRole("button", { name: "JSON", exact: true }).isDisabled()).toBe(true);
    hold.resolve();
    await until("the new answer is there", async () => (await figure(page, "Whole run")) !== before);
    await until("nothing is computed", async () => (await page.getByText(/^Computing/).count()) === 0);
    expect(await page.getByRole("button", { name: "JSON", exact: true }).isDisabled()).toBe(false);
  });

  expect(problems).toEqual([]);
});

test("the intervals of the answer are drawn: demand from P10 to P90, each way's cost by its draws", {
  timeout: testTimeoutMs,
}, async () => {
  const problems = await onPlanningPage("", async (page) => {
    await page.getByText("demand of all, P10 to P90", { exact: true }).waitFor();
    const ends = page.getByRole("img", { name: "Cumulative cost of each way" }).locator("title", { hasText: "median" });
    expect(await ends.allTextContents()).toEqual([
      expect.stringMatching(/^buy: \$.* to \$.*, median \$/),
      expect.stringMatching(/^mix: /),
      expect.stringMatching(/^rent: /),
      expect.stringMatching(/^reserve: /),
    ]);
  });

  expect(problems).toEqual([]);
});

test("on a narrow window the first controls stand alone until all are asked for, and the plots are near", {
  timeout: testTimeoutMs,
}, async () => {
  const problems = await onPlanningPage("", async (page) => {
    await page.setViewportSize({ width: 390, height: 900 });
    await page.getByLabel("Horizon", { exact: true }).waitFor();
    expect(await page.getByLabel("Oversubscription", { exact: true }).isVisible()).toBe(false);
    const unfold = page.getByRole("button", { name: /^All controls/ });
    expect(await unfold.getAttribute("aria-expanded")).toBe("false");
    await unfold.click();
    await page.getByLabel("Oversubscription", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Fewer controls" }).waitFor();
  });

  expect(problems).toEqual([]);
});
