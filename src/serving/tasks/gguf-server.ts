import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { resolve } from "node:path";
import { ggufTaskSchema, replicaEnvironmentName } from "../runtimes/replica-files.ts";
import type { GgufGround } from "./gguf-exchange.ts";
import { answerGgufRequest } from "./gguf-http.ts";
import { loadGguf } from "./load-gguf.ts";
import { clearSigns, listenInFolder, runReplica, tellReady } from "./replica-program.ts";

/*
 * The program of one replica with the GGUF runtime: llama.cpp through node-llama-cpp. It runs as a workload in its task folder, loads
 * the model's file, answers one token of it to see that it works, listens on a Unix socket and then writes `replica.json`. A model
 * that does not fit is told in `replica-problem.json` and by exit code 3. SIGTERM: no new connections, answers under way come to
 * their end, then exit 0.
 */

/** How long answers under way may take after SIGTERM: a little less than the workload's grace. */
const drainMs = 55_000;

async function serve(folder: string): Promise<void> {
  const task = ggufTaskSchema.parse(JSON.parse(process.env[replicaEnvironmentName] ?? "{}"));
  const loaded = await loadGguf(resolve(folder, task.file), task.settings, {
    cpus: Number(process.env.MILLWRIGHT_CPUS ?? 1),
    hasGpu: (process.env.CUDA_VISIBLE_DEVICES ?? "") !== "",
  });
  const ground: GgufGround = {
    task,
    loaded,
    newId: () => randomUUID().replaceAll("-", ""),
    nowSeconds: () => Math.floor(Date.now() / 1000),
  };
  await warmUp(ground);
  const server = createServer((request, response) => void answerGgufRequest(request, response, ground));
  const socket = await listenInFolder(server, folder, drainMs);
  await tellReady(folder, {
    kind: "model",
    pid: process.pid,
    protocol: "openai",
    address: { kind: "unix", path: socket },
    model: task.model,
    engine: "llamacpp",
    slots: task.settings.slots,
    adapters: [],
  });
  process.stdout.write(`ready: ${task.model} version ${task.version} on ${socket}, ${loaded.threads} threads\n`);
}

async function warmUp({ loaded }: GgufGround): Promise<void> {
  const sampling = {
    temperature: 0,
    topP: 1,
    topK: 0,
    minP: 0,
    seed: null,
    frequencyPenalty: 0,
    presencePenalty: 0,
    ignoresEnd: true,
  };
  const prompt = loaded.prompts.toTokens({ kind: "chat", messages: [{ role: "user", text: "hello" }] });
  const never = new AbortController().signal;
  await loaded.model.generate({ prompt, sampling, stops: [], maxTokens: 1 }, () => undefined, never);
}

const folder = process.cwd();
clearSigns(folder);
await runReplica(folder, async () => await serve(folder));
