import { type Browser, chromium, type Page } from "playwright-core";

/** Where Debian and Ubuntu put Chromium; `CHROMIUM` names another one. */
const defaultChromium = "/usr/bin/chromium";

/** The longest wait for anything on a page: as long as that of `until`, since a busy machine answers late. */
export const pageTimeoutMs = 120_000;

export const viewport = { width: 1440, height: 900 };

/** The browser shall ask for nothing but the server's own pages. */
const browserArguments = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A browser for the pages of one test file: its start takes longer than most visits. */
export class TestBrowser {
  readonly #started: Promise<Browser>;

  constructor() {
    this.#started = chromium.launch({
      executablePath: process.env["CHROMIUM"] ?? defaultChromium,
      args: browserArguments,
    });
    // Told to the first who opens a page.
    this.#started.catch(() => undefined);
  }

  /** Lends a page that shares nothing with other visits; closes it when `visit` is done. */
  async withPage<Value>(visit: (page: Page) => Promise<Value>): Promise<Value> {
    const context = await (await this.#started).newContext({ viewport });
    context.setDefaultTimeout(pageTimeoutMs);
    try {
      return await visit(await context.newPage());
    } finally {
      await context.close();
    }
  }

  async stop(): Promise<void> {
    await (await this.#started).close();
  }
}

/**
 * Signs in with `key` on a page of its own and hands the page over; closes it when `visit` is done.
 *
 * `problems` grows by every console error, exception, failed request and answer of 400 and above; it is empty when all
 * is well.
 *
 * @param shared the browser to use; absent: one that is started for this visit alone.
 */
export async function withSignedInPage<Value>(
  base: string,
  key: string,
  visit: (page: Page, problems: readonly string[]) => Promise<Value>,
  shared?: TestBrowser,
): Promise<Value> {
  const browser = shared ?? new TestBrowser();
  try {
    return await browser.withPage(async (page) => {
      const problems: string[] = [];
      watchForProblems(page, base, problems);
      await page.goto(`${base}/#key=${encodeURIComponent(key)}`, { timeout: pageTimeoutMs });
      await page.getByRole("heading", { name: "Overview", exact: true }).waitFor({ timeout: pageTimeoutMs });
      if (page.url().includes("key=")) problems.push("the key stayed in the address");
      return await visit(page, problems);
    });
  } finally {
    if (shared === undefined) await browser.stop();
  }
}

function watchForProblems(page: Page, base: string, problems: string[]): void {
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console on ${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`exception on ${page.url()}: ${error.message}`));
  page.on("response", (response) => {
    if (response.status() >= 400) problems.push(`${response.status()} for ${response.url()}`);
  });
  page.on("requestfailed", (request) => {
    // Leaving a page ends its watch and its questions; that is no failure.
    const reason = request.failure()?.errorText ?? "";
    if (reason !== "net::ERR_ABORTED") problems.push(`${reason} for ${request.url()}`);
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(base) && !url.startsWith("data:")) problems.push(`asked another server: ${url}`);
  });
}
