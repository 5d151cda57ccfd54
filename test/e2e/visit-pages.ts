import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { pageTimeoutMs, viewport, withSignedInPage } from "./signed-in-page.ts";

/** One page of the UI and what must be on it. */
interface PageVisit {
  /** Name of its picture. */
  readonly name: string;
  readonly path: string;
  readonly heading: string;
}

const listPages: readonly PageVisit[] = [
  { name: "overview", path: "/", heading: "Overview" },
  { name: "queue", path: "/queue", heading: "Queue" },
  { name: "runs", path: "/runs", heading: "Runs" },
  { name: "data", path: "/data", heading: "Data and features" },
  { name: "models", path: "/models", heading: "Models" },
  { name: "deployments", path: "/deployments", heading: "Deployments" },
  { name: "drift", path: "/drift", heading: "Drift" },
  { name: "planning", path: "/planning", heading: "Planning" },
  { name: "events", path: "/events", heading: "Events" },
];

/** What a visit of all pages found. */
export interface VisitReport {
  /** Addresses that were visited, without the server. */
  readonly visited: readonly string[];
  /** Console errors, exceptions, failed requests and answers of 400 and above; empty when all is well. */
  readonly problems: readonly string[];
  /** Pictures that were taken. */
  readonly pictures: readonly string[];
}

/**
 * Signs in with `key` and visits every page: the nine lists, the details of everything they link to (the first of each
 * kind), and the comparison of two runs where there are two. Each page must show its heading and end its loading.
 *
 * @param pictureFolder where to put a picture of every page, in light and dark; none are taken without it.
 */
export async function visitEveryPage(baseUrl: string, key: string, pictureFolder?: string): Promise<VisitReport> {
  const base = baseUrl.replace(/\/$/, "");
  return await withSignedInPage(base, key, (page, problems) => visitWith(page, problems, base, pictureFolder));
}

async function visitWith(
  page: Page,
  problems: readonly string[],
  base: string,
  folder: string | undefined,
): Promise<VisitReport> {
  if (folder !== undefined) await mkdir(folder, { recursive: true });
  const visited: string[] = [];
  const pictures: string[] = [];
  const visit = async (name: string, path: string, heading: string | null): Promise<void> => {
    await page.goto(base + path, { timeout: pageTimeoutMs });
    await showPage(page, heading);
    visited.push(path);
    if (folder !== undefined) pictures.push(...(await takePictures(page, folder, name)));
  };
  for (const each of listPages) {
    await visit(each.name, each.path, each.heading);
    for (const [name, path] of await detailPaths(page, each.name)) await visit(name, path, null);
  }
  return { visited, problems, pictures };
}

/** Waits until the page shows its heading and nothing on it is loading. */
export async function showPage(page: Page, heading: string | null): Promise<void> {
  const wanted = heading === null ? { level: 1 } : { level: 1, name: heading, exact: true };
  try {
    await page.getByRole("heading", wanted).first().waitFor({ timeout: pageTimeoutMs });
    await page.locator("[aria-busy=true]").first().waitFor({ state: "detached", timeout: pageTimeoutMs });
  } catch (error) {
    const text = await page
      .locator("main")
      .innerText()
      .catch(() => "nothing");
    throw new Error(`${page.url()} did not show ${heading ?? "its heading"} and its data; it shows: ${text}`, {
      cause: error,
    });
  }
}

/** Addresses of the details that a list links to: the first of each kind, and the newest model version. */
async function detailPaths(page: Page, list: string): Promise<readonly (readonly [name: string, path: string])[]> {
  const links = await page.evaluate<string[]>(
    "[...document.querySelectorAll('main a[href]')].map((link) => link.getAttribute('href') ?? '')",
  );
  const first = (pattern: RegExp): string | undefined => links.find((path) => pattern.test(path));
  const wanted: Readonly<Record<string, readonly (readonly [string, RegExp])[]>> = {
    runs: [["run", /^\/runs\/[^/]+\/[^/?]+$/]],
    data: [
      ["dataset", /^\/data\/[^/]+\/[^/?]+$/],
      ["feature-view", /^\/features\/[^/]+\/[^/?]+$/],
    ],
    models: [
      ["model", /^\/models\/[^/]+\/[^/?]+$/],
      ["model-version", /^\/models\/[^/]+\/[^/]+\/[^/?]+$/],
    ],
    deployments: [
      ["deployment", /^\/deployments\/[^/]+\/[^/?]+$/],
      ["playground", /^\/deployments\/[^/]+\/[^/]+\/playground$/],
    ],
    drift: [["drift-monitor", /^\/drift\/[^/]+\/[^/?]+$/]],
  };
  const paths = (wanted[list] ?? []).flatMap(([name, pattern]): [string, string][] => {
    const path = first(pattern);
    return path === undefined ? [] : [[name, path]];
  });
  const runs = [...new Set(links.filter((path) => /^\/runs\/[^/]+\/[^/?]+$/.test(path)))];
  if (list === "runs" && runs.length >= 2) {
    const ids = runs.slice(0, 2).map((path) => path.split("/").at(-1) ?? "");
    return [...paths, ["compare", `/compare?runs=${ids.join(",")}`]];
  }
  return paths;
}

async function takePictures(page: Page, folder: string, name: string): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const theme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    const height = await page.evaluate<number>("document.querySelector('main')?.scrollHeight ?? 0");
    await page.setViewportSize({ ...viewport, height: Math.min(2400, Math.max(viewport.height, height + 46)) });
    await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
    const path = join(folder, `${name}-${theme}.png`);
    await page.screenshot({ path });
    paths.push(path);
  }
  await page.setViewportSize(viewport);
  return paths;
}
