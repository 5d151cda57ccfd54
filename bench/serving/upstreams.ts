import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { LoadRequest } from "./wrk-load.ts";

/** A proxy that runs, or what stands behind all of them. */
export interface Contestant {
  readonly name: string;
  /** Versions and settings, for people. */
  readonly about: string;
  /** The process whose CPU is counted, with its children. */
  readonly pid: number;
  /** The request to send, whole or streamed. */
  request(isStream: boolean): LoadRequest;
  /** What it says of its errors, for people; empty when it says nothing. */
  troubles(): Promise<string>;
  stop(): Promise<void>;
}

export const saysNothing = async (): Promise<string> => "";

/** Where the upstreams listen. */
export interface Upstreams {
  /** nginx that answers each POST with one whole chat completion. */
  readonly whole: number;
  /** A program that answers with 64 chunks. */
  readonly stream: number;
}

const startLimitMs = 120_000;

/** A chat request of one kilobyte. */
export function chatBody(model: string, isStream: boolean): string {
  const body = { model, stream: isStream, max_tokens: 64, messages: [{ role: "user", content: "" }] };
  const content = "The quick brown fox jumps over the lazy dog. ".repeat(40);
  const room = 1_024 - JSON.stringify(body).length;
  return JSON.stringify({ ...body, messages: [{ role: "user", content: content.slice(0, room) }] });
}

const completion = JSON.stringify({
  id: "chatcmpl-bench",
  object: "chat.completion",
  created: 1_700_000_000,
  model: "bench",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: "All work and no play makes Jack a dull boy. ".repeat(4) },
      finish_reason: "stop",
    },
  ],
  usage: { prompt_tokens: 210, completion_tokens: 64, total_tokens: 274 },
});

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

/** Installs a Debian package unless its program is there; says so, since it changes the machine. */
export function ensureProgram(program: string, debianPackage: string): void {
  try {
    execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    return;
  } catch {
    if (process.getuid?.() !== 0) {
      throw new Error(`this benchmark wants ${program}; install it: sudo apt-get install ${debianPackage}`);
    }
  }
  process.stderr.write(`installing ${debianPackage}\n`);
  execFileSync("sh", ["-c", `apt-get update -qq && apt-get install -y -qq --no-install-recommends ${debianPackage}`], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
}

export async function untilAnswers(name: string, url: string, child: ChildProcess | undefined): Promise<void> {
  const endsAt = performance.now() + startLimitMs;
  while (performance.now() < endsAt) {
    if (child !== undefined && child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
    const isUp = await fetch(url).then(
      () => true,
      () => false,
    );
    if (isUp) return;
    await pause(100);
  }
  throw new Error(`${name} did not answer at ${url} within ${startLimitMs / 1_000} s`);
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await ended;
  clearTimeout(timer);
}

export function start(
  program: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  return spawn(program, words, { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, ...env } });
}

function version(program: string, words: readonly string[]): string {
  return execFileSync("sh", ["-c", `${program} ${words.join(" ")} 2>&1`], { encoding: "utf8" }).trim();
}

async function startNginx(
  config: string,
  port: number,
  workers: number,
): Promise<{ pid: number; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "bench-nginx-"));
  const path = join(folder, "nginx.conf");
  await writeFile(
    path,
    `daemon off;
worker_processes ${workers};
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 8192; }
http { access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f;
uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s; keepalive_requests 10000000; client_body_buffer_size 64k;
${config} }`,
  );
  const child = start("nginx", ["-c", path]);
  await untilAnswers("nginx", `http://127.0.0.1:${port}/`, child);
  return {
    pid: child.pid ?? 0,
    async stop() {
      await end(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What stands behind every proxy: nginx with so many worker processes, and one streaming program. */
export async function startUpstreams(workers = 1): Promise<Upstreams & { stop(): Promise<void> }> {
  const whole = await freePort();
  const nginx = await startNginx(
    `server { listen 127.0.0.1:${whole} backlog=4096; location / { default_type application/json; return 200 '${completion}'; } }`,
    whole,
    workers,
  );
  const stream = await freePort();
  const streamer = start(process.execPath, [join(import.meta.dirname, "stream-upstream.ts"), String(stream)]);
  await untilAnswers("the streaming upstream", `http://127.0.0.1:${stream}/`, streamer);
  return {
    whole,
    stream,
    async stop() {
      await nginx.stop();
      await end(streamer);
    },
  };
}

/** No proxy at all: what the others add is measured against it. */
export function direct(upstreams: Upstreams): Contestant {
  return {
    name: "direct",
    about: "the upstream itself",
    pid: 0,
    request: (isStream) => ({
      url: `http://127.0.0.1:${isStream ? upstreams.stream : upstreams.whole}/v1/chat/completions`,
      headers: {},
      body: chatBody("bench", isStream),
    }),
    troubles: saysNothing,
    stop: async () => undefined,
  };
}

/** nginx as a proxy that keeps its connections: the limit of what a proxy without any policy costs. */
export async function startNginxProxy(upstreams: Upstreams, workers = 1): Promise<Contestant> {
  const port = await freePort();
  const proxy = (path: string, name: string): string =>
    `location ${path} { proxy_pass http://${name}/v1/chat/completions; proxy_http_version 1.1; proxy_set_header Connection ""; }`;
  const nginx = await startNginx(
    `upstream whole { server 127.0.0.1:${upstreams.whole}; keepalive 1024; keepalive_requests 10000000; }
     upstream stream { server 127.0.0.1:${upstreams.stream}; keepalive 1024; keepalive_requests 10000000; }
     server { listen 127.0.0.1:${port} backlog=4096; ${proxy("/whole", "whole")} ${proxy("/stream", "stream")} location / { return 200 ok; } }`,
    port,
    workers,
  );
  return {
    name: "nginx",
    about: `${version("nginx", ["-v"]).replace(/^.*: /, "")}, one worker, kept connections, no policy`,
    pid: nginx.pid,
    request: (isStream) => ({
      url: `http://127.0.0.1:${port}/${isStream ? "stream" : "whole"}`,
      headers: {},
      body: chatBody("bench", isStream),
    }),
    troubles: saysNothing,
    stop: nginx.stop,
  };
}
