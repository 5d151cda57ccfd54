import { execFile, execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { messageType } from "../../src/serving/drivers/inference-proto.ts";
import { modelRoute } from "../../src/serving/fixtures/model-route.ts";
import { startProgram } from "../../src/serving/fixtures/start-replica.ts";
import { jsonLengthHeader } from "../../src/serving/infer-request.ts";
import { startBenchGateway } from "./bench-gateway.ts";
import { cacheFolder, peersFolder } from "./gateway-peers.ts";
import type { DirectAsk, DirectResult } from "./onnx-direct.ts";
import { cpuMicros } from "./process-cpu.ts";
import { end, freePort, start, untilAnswers } from "./upstreams.ts";
import { type LoadResult, runLoad } from "./wrk-load.ts";

/** A model of the benchmark. */
export interface BenchModel {
  readonly name: string;
  /** Of the layers, from the inputs to the outputs. */
  readonly widths: readonly number[];
  readonly file: string;
}

/** What one measurement asks. */
export interface Trial {
  readonly model: BenchModel;
  /** Of one request. */
  readonly rows: number;
  readonly concurrency: number;
  readonly seconds: number;
}

/** What one measurement saw; CPU of the server's processes, in microseconds. */
export interface Seen extends LoadResult {
  readonly cpuMicros: number;
}

/** One way to a model's answer. */
export interface OnnxContestant {
  readonly name: string;
  readonly about: string;
  measure(trial: Trial): Promise<Seen>;
  /** The outputs for `sampleRows` of one row, to see that all contestants compute the same; null where it cannot be asked. */
  sample(model: BenchModel): Promise<readonly number[] | null>;
}

/** Contestants that share a server. */
export interface OnnxServer {
  readonly contestants: readonly OnnxContestant[];
  stop(): Promise<void>;
}

/** Requests that MLServer joins, and how long it waits for them, seconds. */
const mlServerBatch = { max_batch_size: 64, max_batch_time: 0.001 };

const venv = join(cacheFolder, "mlserver");
const token = "bench";

/** Installs MLServer and what makes the models, once. */
export async function ensureMlServer(): Promise<string> {
  const requirements = join(peersFolder, "mlserver/requirements.txt");
  if (!existsSync(join(venv, "bin/mlserver"))) {
    process.stderr.write("installing MLServer (this takes a minute)\n");
    await mkdir(cacheFolder, { recursive: true });
    execFileSync("python3", ["-m", "venv", venv], { stdio: ["ignore", "ignore", "inherit"] });
    execFileSync(join(venv, "bin/pip"), ["install", "--quiet", "-r", requirements], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  return (await readFile(requirements, "utf8")).trim().replaceAll("\n", ", ");
}

/** Writes a perceptron of these widths. */
export function makeModel(name: string, widths: readonly number[], folder: string): BenchModel {
  const file = join(folder, `${name}.onnx`);
  execFileSync(join(venv, "bin/python"), [join(peersFolder, "mlserver/make_models.py"), file, ...widths.map(String)]);
  return { name, widths, file };
}

function sampleRows({ widths }: BenchModel, rows: number): Float32Array {
  return Float32Array.from({ length: rows * (widths[0] ?? 0) }, (_, index) => Math.sin(index));
}

function jsonBody(model: BenchModel, rows: number): string {
  const data = Array.from(sampleRows(model, rows));
  return JSON.stringify({ inputs: [{ name: "x", datatype: "FP32", shape: [rows, model.widths[0]], data }] });
}

function binaryBody(model: BenchModel, rows: number): { readonly body: Buffer; readonly jsonBytes: number } {
  const raw = Buffer.from(sampleRows(model, rows).buffer);
  const parameters = { binary_data_size: raw.byteLength };
  const inputs = [{ name: "x", datatype: "FP32", shape: [rows, model.widths[0]], parameters }];
  const head = Buffer.from(JSON.stringify({ parameters: { binary_data_output: true }, inputs }));
  return { body: Buffer.concat([head, raw]), jsonBytes: head.byteLength };
}

function grpcBody(model: BenchModel, rows: number): Uint8Array {
  return messageType("ModelInferRequest").encode({
    model_name: model.name,
    inputs: [{ name: "x", datatype: "FP32", shape: [rows, model.widths[0]] }],
    raw_input_contents: [Buffer.from(sampleRows(model, rows).buffer)],
  });
}

function cpuOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuMicros(pid), 0);
}

async function counted(pids: readonly number[], run: () => Promise<LoadResult>): Promise<Seen> {
  const before = cpuOf(pids);
  const seen = await run();
  return { ...seen, cpuMicros: cpuOf(pids) - before };
}

async function grpcLoad(port: number, { model, rows, concurrency, seconds }: Trial): Promise<LoadResult> {
  const folder = await mkdtemp(join(tmpdir(), "grpc-load-"));
  try {
    const file = join(folder, "request");
    await writeFile(file, grpcBody(model, rows));
    const program = join(import.meta.dirname, "grpc-load.ts");
    const words = [program, String(port), String(concurrency), String(seconds), file, token];
    const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: (seconds + 60) * 1_000 });
    return JSON.parse(stdout) as LoadResult;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The REST and gRPC ways of one server. */
function served(
  name: string,
  about: string,
  ways: { readonly http: number; readonly grpc: number; readonly hasBinary: boolean },
  pids: (model: BenchModel) => readonly number[],
): readonly OnnxContestant[] {
  const url = (model: BenchModel): string => `http://127.0.0.1:${ways.http}/v2/models/${model.name}/infer`;
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const sample = async (model: BenchModel): Promise<readonly number[]> => {
    const answer = await fetch(url(model), { method: "POST", headers, body: jsonBody(model, 1) });
    const json = (await answer.json()) as { readonly outputs?: readonly { readonly data: readonly number[] }[] };
    return (json.outputs?.[0]?.data ?? []).flat();
  };
  const json: OnnxContestant = {
    name: `${name}, JSON`,
    about,
    sample,
    measure: async ({ model, rows, concurrency, seconds }) =>
      await counted(pids(model), async () => {
        const request = { url: url(model), headers, body: jsonBody(model, rows) };
        return await runLoad(request, concurrency, seconds);
      }),
  };
  const binary: OnnxContestant = {
    name: `${name}, binary`,
    about,
    sample: async () => null,
    measure: async ({ model, rows, concurrency, seconds }) =>
      await counted(pids(model), async () => {
        const { body, jsonBytes } = binaryBody(model, rows);
        const own = { ...headers, "content-type": "application/octet-stream", [jsonLengthHeader]: String(jsonBytes) };
        return await runLoad({ url: url(model), headers: own, body }, concurrency, seconds);
      }),
  };
  const grpc: OnnxContestant = {
    name: `${name}, gRPC`,
    about,
    sample: async () => null,
    measure: async (trial) => await counted(pids(trial.model), async () => await grpcLoad(ways.grpc, trial)),
  };
  return ways.hasBinary ? [json, binary, grpc] : [json, grpc];
}

/** onnxruntime in one process, called by as many loops as the others have callers. */
export async function startDirect(models: readonly BenchModel[]): Promise<OnnxServer> {
  const open = models.map((model) => {
    const program = join(import.meta.dirname, "onnx-direct.ts");
    const child = spawn(process.execPath, [program, model.file, String(model.widths[0])], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return { model, child, lines };
  });
  for (const { lines } of open) await lines.next();
  const measure = async ({ model, rows, concurrency, seconds }: Trial): Promise<Seen> => {
    const own = open.find((each) => each.model === model);
    if (own === undefined) throw new Error(`there is no process for ${model.name}`);
    const ask: DirectAsk = { rows, concurrency, seconds };
    own.child.stdin.write(`${JSON.stringify(ask)}\n`);
    const { value } = await own.lines.next();
    return JSON.parse(String(value)) as DirectResult;
  };
  const about = "onnxruntime-node called in one process, each request a run of its own, one thread a run";
  return {
    contestants: [{ name: "direct", about, measure, sample: async () => null }],
    async stop() {
      for (const { child } of open) await end(child);
    },
  };
}

/** Ours: the gateway's own processes, and a replica of the ONNX runtime for each model. */
export async function startMillwrightOnnx(models: readonly BenchModel[]): Promise<OnnxServer> {
  const gateway = await startBenchGateway();
  const replicas = new Map<BenchModel, ReturnType<typeof startProgram>>();
  for (const model of models) {
    const replica = startProgram({
      program: "onnx-server",
      task: { model: model.name, version: "1", columns: null, file: model.file },
      env: { MILLWRIGHT_CPUS: "1" },
    });
    replicas.set(model, replica);
    const { kind, ...own } = await replica.ready;
    if (kind !== "model" || !("address" in own)) throw new Error("the replica wants to serve a model");
    await gateway.publish(modelRoute(model.name, [{ address: own.address, model: model.name }], { protocol: "v2" }));
  }
  const about = "gateway of one worker and one replica of one thread, as they are by default; CPU is that of both";
  return {
    contestants: served("millwright", about, { http: gateway.port, grpc: gateway.port, hasBinary: true }, (model) => [
      gateway.pid,
      replicas.get(model)?.child.pid ?? 0,
    ]),
    async stop() {
      await gateway.stop();
      for (const replica of replicas.values()) replica.stop();
    },
  };
}

/** MLServer with a model of a few lines on its base class, adaptive batching on. */
export async function startMlServer(models: readonly BenchModel[], versions: string): Promise<OnnxServer> {
  const folder = await mkdtemp(join(tmpdir(), "bench-mlserver-"));
  const [http, grpc, metrics] = [await freePort(), await freePort(), await freePort()];
  const quiet = { version: 1, disable_existing_loggers: true, root: { level: "WARNING" } };
  const settings = {
    debug: false,
    host: "127.0.0.1",
    http_port: http,
    grpc_port: grpc,
    metrics_port: metrics,
    parallel_workers: 0,
    gzip_enabled: false,
    logging_settings: quiet,
  };
  await writeFile(join(folder, "settings.json"), JSON.stringify(settings));
  for (const model of models) {
    await mkdir(join(folder, model.name));
    const own = {
      name: model.name,
      implementation: "onnx_runtime.OnnxModel",
      parameters: { uri: model.file },
      ...mlServerBatch,
    };
    await writeFile(join(folder, model.name, "model-settings.json"), JSON.stringify(own));
  }
  const child = start(join(venv, "bin/mlserver"), ["start", folder], {
    PYTHONPATH: join(peersFolder, "mlserver"),
    OMP_NUM_THREADS: "1",
  });
  for (const model of models) {
    const ready = `http://127.0.0.1:${http}/v2/models/${model.name}/ready`;
    await untilAnswers("MLServer", ready, child);
    while (!(await fetch(ready)).ok) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { max_batch_size: most, max_batch_time: seconds } = mlServerBatch;
  const about = `${versions}; no ONNX plugin of its own can be installed, so a model of a few lines calls onnxruntime with one thread; adaptive batching of ${most} requests within ${seconds * 1_000} ms, all in one process (its parallel workers do not start beside the uvloop that it installs)`;
  return {
    contestants: served("mlserver", about, { http, grpc, hasBinary: false }, () => [child.pid ?? 0]),
    async stop() {
      await end(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
