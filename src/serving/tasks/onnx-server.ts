import { mkdtempSync, rmSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Fault, isFault } from "../../base/fault.ts";
import {
  type ReplicaAddress,
  type ReplicaProblem,
  replicaAddressFile,
  replicaEnvironmentName,
  replicaModelFile,
  replicaProblemFile,
  replicaTaskSchema,
} from "../runtimes/replica-files.ts";
import { loadOnnxModel } from "./onnx-model.ts";
import { answerReplicaRequest } from "./replica-http.ts";

/*
 * The program of one replica with the ONNX runtime. It runs as a workload in its task folder, loads the model that lies
 * there, listens on a Unix socket and then writes `replica.json`. A model that does not fit is told in
 * `replica-problem.json` and by exit code 3. SIGTERM: no new connections, requests under way are answered, then exit 0.
 */

/** The longest path that a Unix socket may have on Linux is 107 bytes; some systems allow 103. */
const maxSocketPathLength = 100;

/** How long requests under way may take after SIGTERM. */
const drainMs = 10_000;

const exitIncompatible = 3;

async function main(): Promise<void> {
  const folder = process.cwd();
  rmSync(join(folder, replicaAddressFile), { force: true });
  rmSync(join(folder, replicaProblemFile), { force: true });
  const task = replicaTaskSchema.parse(JSON.parse(process.env[replicaEnvironmentName] ?? "{}"));
  const cpus = Number(process.env.MILLWRIGHT_CPUS ?? 1);
  const model = await loadOnnxModel(resolve(folder, replicaModelFile), task.columns, Number.isFinite(cpus) ? cpus : 1);
  const server = createServer((request, response) => void answerReplicaRequest(request, response, task, model));
  server.keepAliveTimeout = 0;
  const socket = socketPath(folder);
  await listen(server, socket);
  stopOnSignal(server, socket);
  const address: ReplicaAddress = {
    socket,
    pid: process.pid,
    layout: toMutable(model.layout),
    output: toMutable(model.output),
  };
  await writeJson(join(folder, replicaAddressFile), address);
  process.stdout.write(`ready: ${task.model} version ${task.version} on ${socket}\n`);
}

function toMutable<Value>(value: unknown): Value {
  return structuredClone(value) as Value;
}

function socketPath(folder: string): string {
  const near = join(folder, "replica.sock");
  if (Buffer.byteLength(near) > maxSocketPathLength)
    return join(mkdtempSync(join(tmpdir(), "millwright-")), "replica.sock");
  rmSync(near, { force: true });
  return near;
}

function listen(server: Server, socket: string): Promise<void> {
  return new Promise((done, fail) => {
    server.once("error", fail);
    server.listen(socket, () => done());
  });
}

function stopOnSignal(server: Server, socket: string): void {
  const stop = (): void => {
    setTimeout(() => process.exit(0), drainMs).unref();
    server.close(() => {
      rmSync(socket, { force: true });
      process.exit(0);
    });
    server.closeIdleConnections();
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

async function writeJson(path: string, value: ReplicaAddress | ReplicaProblem): Promise<void> {
  const draft = `${path}.draft`;
  await writeFile(draft, JSON.stringify(value));
  await rename(draft, path);
}

try {
  await main();
} catch (error) {
  const code = isFault(error) ? error.code : "serving.model-incompatible";
  const message = error instanceof Error ? error.message : String(error);
  await writeJson(join(process.cwd(), replicaProblemFile), { code, message });
  process.stderr.write(`${error instanceof Fault ? message : String(error instanceof Error ? error.stack : error)}\n`);
  process.exitCode = exitIncompatible;
}
