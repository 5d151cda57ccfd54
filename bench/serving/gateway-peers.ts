import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startServer } from "../../src/server/start-server.ts";
import { readGatewayState } from "../../src/serving/drivers/gateway-files.ts";
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

const saysNothing = async (): Promise<string> => "";

/** Where the upstreams listen. */
export interface Upstreams {
  /** nginx that answers each POST with one whole chat completion. */
  readonly whole: number;
  /** A program that answers with 64 chunks. */
  readonly stream: number;
}

const startLimitMs = 120_000;
export const peersFolder = join(import.meta.dirname, "peers");
/** Peers are installed once: they are large. */
export const cacheFolder = join(homedir(), ".cache", "millwright-bench");

/** A chat request of one kilobyte. */
function chatBody(model: string, isStream: boolean): string {
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

async function startNginx(config: string, port: number): Promise<{ pid: number; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "bench-nginx-"));
  const path = join(folder, "nginx.conf");
  await writeFile(
    path,
    `daemon off;
worker_processes 1;
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

/** What stands behind every proxy. */
export async function startUpstreams(): Promise<Upstreams & { stop(): Promise<void> }> {
  const whole = await freePort();
  const nginx = await startNginx(
    `server { listen 127.0.0.1:${whole} backlog=4096; location / { default_type application/json; return 200 '${completion}'; } }`,
    whole,
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
export async function startNginxProxy(upstreams: Upstreams): Promise<Contestant> {
  const port = await freePort();
  const proxy = (path: string, name: string): string =>
    `location ${path} { proxy_pass http://${name}/v1/chat/completions; proxy_http_version 1.1; proxy_set_header Connection ""; }`;
  const nginx = await startNginx(
    `upstream whole { server 127.0.0.1:${upstreams.whole}; keepalive 1024; keepalive_requests 10000000; }
     upstream stream { server 127.0.0.1:${upstreams.stream}; keepalive 1024; keepalive_requests 10000000; }
     server { listen 127.0.0.1:${port} backlog=4096; ${proxy("/whole", "whole")} ${proxy("/stream", "stream")} location / { return 200 ok; } }`,
    port,
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

/** Ours, whole: the server as users start it, with a deployment for each upstream; only the gateway's processes are counted. */
export async function startMillwright(upstreams: Upstreams, workers: number): Promise<Contestant> {
  const root = await mkdtemp(join(tmpdir(), "bench-gateway-"));
  await chmod(root, 0o755);
  const dataDir = join(root, "data");
  const server = await startServer({ dataDir, port: 0, gatewayPort: 0, gatewayWorkers: workers, logLevel: "error" });
  const key = (await readFile(server.keyFile, "utf8")).trim();
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const sent = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const answer = await fetch(`${server.controlUrl}${path}`, sent);
    const json: unknown = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path} was answered with ${answer.status}: ${JSON.stringify(json)}`);
    return json;
  };
  await call("POST", "/api/v1/apply", { manifests: manifests(upstreams) });
  for (const name of ["whole", "stream"]) {
    for (;;) {
      const found = (await call("GET", `/api/v1/projects/default/deployments/${name}`)) as {
        status?: { phase?: string };
      };
      if (found.status?.phase === "serving") break;
      await pause(100);
    }
  }
  const state = readGatewayState(join(dataDir, "serving"));
  if (state === undefined) throw new Error("the gateway does not run");
  return {
    name: workers === 1 ? "millwright" : `millwright-${workers}`,
    about: `key check, limits of three kinds, admission, routing, metrics and the request log on; workers: ${workers}`,
    pid: state.pid,
    request: (isStream) => ({
      url: `http://127.0.0.1:${state.port}/v1/chat/completions`,
      headers: { authorization: `Bearer ${key}` },
      body: chatBody(isStream ? "stream" : "whole", isStream),
    }),
    troubles: async () => {
      const metrics = await (await fetch(`http://127.0.0.1:${state.port}/metrics`)).text();
      return metrics
        .split("\n")
        .filter((line) => line.startsWith("millwright_gateway_errors"))
        .join("\n");
    },
    async stop() {
      await server.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** A deployment for each upstream, and a limit of every kind that counts each request and refuses none. */
function manifests(upstreams: Upstreams): readonly unknown[] {
  const limit = {
    kind: "TrafficLimit",
    name: "bench",
    spec: {
      subject: { project: "default" },
      requestsPerMinute: 10_000_000,
      tokensPerMinute: 1_000_000_000,
      concurrentRequests: 1_000_000,
    },
  };
  const deployments = (["whole", "stream"] as const).map((name) => ({
    kind: "Deployment",
    project: "default",
    name,
    spec: {
      runtime: "external",
      external: { url: `http://127.0.0.1:${upstreams[name]}`, model: "bench", probe: "none" },
      slo: { ttftMs: 1_000, tpotMs: 100 },
      price: { inputPerMillion: 1_000_000, outputPerMillion: 3_000_000 },
    },
  }));
  return [limit, ...deployments];
}

/** Portkey's gateway with the dependencies that its own lockfile pins: newer ones fail every stream. */
export async function startPortkey(upstreams: Upstreams): Promise<Contestant> {
  const folder = join(cacheFolder, "portkey");
  if (!existsSync(join(folder, "node_modules/@portkey-ai/gateway/package.json"))) {
    process.stderr.write("installing Portkey's gateway\n");
    await mkdir(folder, { recursive: true });
    await cp(join(peersFolder, "portkey"), folder, { recursive: true });
    execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  }
  const port = await freePort();
  const program = join(folder, "node_modules/@portkey-ai/gateway/build/start-server.js");
  const child = start(process.execPath, [program, `--port=${port}`, "--headless"], { NODE_ENV: "production" });
  await untilAnswers("Portkey", `http://127.0.0.1:${port}/`, child);
  return {
    name: "portkey",
    about: "@portkey-ai/gateway 1.15.2 with hono 4.9.7 and @hono/node-server 1.13.5",
    pid: child.pid ?? 0,
    request: (isStream) => ({
      url: `http://127.0.0.1:${port}/v1/chat/completions`,
      headers: {
        authorization: "Bearer key",
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": `http://127.0.0.1:${isStream ? upstreams.stream : upstreams.whole}/v1`,
      },
      body: chatBody("bench", isStream),
    }),
    troubles: saysNothing,
    stop: async () => await end(child),
  };
}

/** LiteLLM's proxy with one worker and a master key, no database. */
export async function startLiteLlm(upstreams: Upstreams): Promise<Contestant> {
  const folder = join(cacheFolder, "litellm");
  const wanted = (await readFile(join(peersFolder, "litellm/requirements.txt"), "utf8")).trim();
  if (!existsSync(join(folder, "bin/litellm"))) {
    process.stderr.write("installing LiteLLM (this takes minutes)\n");
    await mkdir(cacheFolder, { recursive: true });
    execFileSync("python3", ["-m", "venv", folder], { stdio: ["ignore", "ignore", "inherit"] });
    execFileSync(join(folder, "bin/pip"), ["install", "--quiet", wanted], { stdio: ["ignore", "ignore", "inherit"] });
  }
  const port = await freePort();
  const config = join(await mkdtemp(join(tmpdir(), "bench-litellm-")), "config.yaml");
  const model = (name: string, upstream: number): string => `  - model_name: ${name}
    litellm_params: { model: openai/bench, api_base: "http://127.0.0.1:${upstream}/v1", api_key: key }`;
  await writeFile(
    config,
    `model_list:\n${model("whole", upstreams.whole)}\n${model("stream", upstreams.stream)}
general_settings: { master_key: sk-bench }
litellm_settings: { telemetry: false, num_retries: 0, set_verbose: false }\n`,
  );
  const words = ["--config", config, "--host", "127.0.0.1", "--port", String(port), "--num_workers", "1"];
  const child = start(join(folder, "bin/litellm"), words, {
    LITELLM_LOG: "ERROR",
    LITELLM_LOCAL_MODEL_COST_MAP: "True",
    LITELLM_MODE: "PRODUCTION",
  });
  await untilAnswers("LiteLLM", `http://127.0.0.1:${port}/health/liveliness`, child);
  return {
    name: "litellm",
    about: `${wanted}, one worker, master key, no database`,
    pid: child.pid ?? 0,
    request: (isStream) => ({
      url: `http://127.0.0.1:${port}/v1/chat/completions`,
      headers: { authorization: "Bearer sk-bench" },
      body: chatBody(isStream ? "stream" : "whole", isStream),
    }),
    troubles: saysNothing,
    stop: async () => await end(child),
  };
}
