import { createServer } from "node:http";
import { resolve } from "node:path";
import { inputLayout, probabilityOutput } from "../runtimes/input-layout.ts";
import { onnxTaskSchema, replicaAddressSchema, replicaEnvironmentName } from "../runtimes/replica-files.ts";
import { loadOnnxModel } from "./onnx-model.ts";
import { answerReplicaRequest } from "./replica-http.ts";
import { clearSigns, listenInFolder, runReplica, tellReady } from "./replica-program.ts";

/*
 * The program of one replica with the ONNX runtime. It runs as a workload in its task folder, loads the model that lies
 * there, listens on a Unix socket and then writes `replica.json`. A model that does not fit is told in
 * `replica-problem.json` and by exit code 3. SIGTERM: no new connections, requests under way are answered, then exit 0.
 */

async function serve(folder: string): Promise<void> {
  const task = onnxTaskSchema.parse(JSON.parse(process.env[replicaEnvironmentName] ?? "{}"));
  const cpus = Number(process.env.MILLWRIGHT_CPUS ?? 1);
  const model = await loadOnnxModel(resolve(folder, task.file), {
    cpus: Number.isFinite(cpus) ? cpus : 1,
    batch: task.batch ?? null,
  });
  const { columns } = task;
  const fit =
    columns === null ? null : { layout: inputLayout(columns, model.inputs), output: probabilityOutput(model.outputs) };
  await model.warmUp();
  const server = createServer((request, response) => void answerReplicaRequest(request, response, task, model));
  const socket = await listenInFolder(server, folder);
  const { pid } = process;
  await tellReady(
    folder,
    fit === null
      ? {
          kind: "model",
          pid,
          protocol: "v2",
          address: { kind: "unix", path: socket },
          model: task.model,
          engine: "onnx",
          slots: null,
          adapters: [],
        }
      : replicaAddressSchema.parse({ kind: "tabular", pid, socket, ...fit }),
  );
  process.stdout.write(`ready: ${task.model} version ${task.version} on ${socket}\n`);
}

const folder = process.cwd();
clearSigns(folder);
await runReplica(folder, async () => await serve(folder));
