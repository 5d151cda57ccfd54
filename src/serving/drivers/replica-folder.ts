import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type * as z from "zod";
import type { TaskCommand } from "../../compute/ports.ts";
import {
  type ReplicaAddress,
  type ReplicaTask,
  replicaAddressFile,
  replicaAddressSchema,
  replicaEnvironmentName,
  replicaModelFile,
  replicaProblemFile,
  replicaProblemSchema,
} from "../runtimes/replica-files.ts";

/** What a replica wrote into its task folder. */
export interface ReplicaSigns {
  readonly address: ReplicaAddress | null;
  readonly problem: string | null;
}

/** Between SIGTERM and SIGKILL: what a replica may take to end its requests, and a little. */
const graceMs = 12_000;

/** Reads what a replica wrote into its task folder; a file that is absent or not whole counts as absent. */
export async function readReplicaFolder(folder: string): Promise<ReplicaSigns> {
  const address = await readJson(join(folder, replicaAddressFile), replicaAddressSchema);
  const problem = await readJson(join(folder, replicaProblemFile), replicaProblemSchema);
  return { address, problem: problem?.message ?? null };
}

async function readJson<Value>(path: string, schema: z.ZodType<Value>): Promise<Value | null> {
  try {
    return schema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return null;
  }
}

/** The command of one replica with the ONNX runtime. */
export function onnxReplicaCommand(task: ReplicaTask, modelPath: string, cpus: number): TaskCommand {
  const program = new URL(`../tasks/onnx-server${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
  return {
    argv: [process.execPath, fileURLToPath(program)],
    files: { [replicaModelFile]: modelPath },
    env: { [replicaEnvironmentName]: JSON.stringify(task), MILLWRIGHT_CPUS: String(cpus) },
    secretEnv: {},
    requirements: null,
    maxDurationMs: null,
    graceMs,
  };
}
