import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startServer } from "../../src/server/start-server.ts";
import { readGatewayState } from "../../src/serving/drivers/gateway-files.ts";
import {
  chatBody,
  type Contestant,
  end,
  freePort,
  saysNothing,
  start,
  untilAnswers,
  type Upstreams,
} from "./upstreams.ts";

export const peersFolder = join(import.meta.dirname, "peers");
/** Peers are installed once: they are large. */
export const cacheFolder = join(homedir(), ".cache", "millwright-bench");

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
