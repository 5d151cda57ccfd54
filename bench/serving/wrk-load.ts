import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** What is sent, again and again. */
export interface LoadRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** What a run of the load generator saw. */
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were no 2xx, and connections that broke or timed out. */
  readonly errors: number;
}

const lua = (request: LoadRequest, bodyPath: string): string => `
wrk.method = "POST"
wrk.body = io.open(${JSON.stringify(bodyPath)}, "rb"):read("*a")
${Object.entries({ "content-type": "application/json", ...request.headers })
  .map(([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`)
  .join("\n")}
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('\\nRESULT {"requests":%d,"seconds":%.6f,"p50Ms":%.4f,"p99Ms":%.4f,"errors":%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.connect + e.read + e.write + e.status + e.timeout))
end
`;

/** Keeps `connections` connections busy for some seconds with wrk (closed loop) and answers with what it saw. */
export async function runLoad(
  request: LoadRequest,
  connections: number,
  seconds: number,
  threads = 1,
): Promise<LoadResult> {
  const folder = await mkdtemp(join(tmpdir(), "wrk-"));
  try {
    const script = join(folder, "load.lua");
    const bodyPath = join(folder, "body");
    await writeFile(bodyPath, request.body);
    await writeFile(script, lua(request, bodyPath));
    const words = [`-t${threads}`, `-c${connections}`, `-d${seconds}s`, "--timeout", "10s", "-s", script, request.url];
    const { stdout } = await promisify(execFile)("wrk", words, { timeout: (seconds + 60) * 1_000 });
    const found = /RESULT (\{.*\})/.exec(stdout)?.[1];
    if (found === undefined) throw new Error(`wrk said nothing that can be read: ${stdout.slice(0, 500)}`);
    return JSON.parse(found) as LoadResult;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
