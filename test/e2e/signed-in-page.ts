import { chromium, type Page } from "playwright-core";

/** Where Debian and Ubuntu put Chromium; `CHROMIUM` names another one. */
const defaultChromium = "/usr/bin/chromium";

/** The longest wait for the first page. */
const pageTimeoutMs = 30_000;

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

/**
 * Opens a browser, signs in with `key` and hands over the page; closes the browser when `visit` is done.
 *
 * `problems` grows by every console error, exception, failed request and answer of 400 and above; it is empty when all
 * is well.
 */
export async function withSignedInPage<Value>(
  base: string,
  key: string,
  visit: (page: Page, problems: readonly string[]) => Promise<Value>,
): Promise<Value> {
  const browser = await chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? defaultChromium,
    args: browserArguments,
  });
  try {
    const page = await browser.newPage({ viewport });
    const problems: string[] = [];
    watchForProblems(page, base, problems);
    await page.goto(`${base}/#key=${encodeURIComponent(key)}`, { timeout: pageTimeoutMs });
    await page.getByRole("heading", { name: "Overview", exact: true }).waitFor({ timeout: pageTimeoutMs });
    if (page.url().includes("key=")) problems.push("the key stayed in the address");
    return await visit(page, problems);
  } finally {
    await browser.close();
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
