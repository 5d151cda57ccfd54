import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { availableParallelism, hostname, totalmem } from "node:os";
import { promisify } from "node:util";
import { nvidiaSmiArguments, parseNvidiaSmi } from "../nvidia-smi.ts";
import type { ComputeNode, NodeGpu } from "../ports.ts";

/** A driver of the GPU that hangs must not hold up the inventory. */
const nvidiaSmiTimeoutMs = 10_000;

const execute = promisify(execFile);

/** What this machine has: CPUs that the process may use, memory within the container's limit, GPUs. */
export async function readMachine(path: string, signal: AbortSignal): Promise<ComputeNode> {
  return {
    name: hostname(),
    cpus: availableParallelism(),
    memory: await readMemory(),
    gpus: await readGpus(path, signal),
  };
}

async function readMemory(): Promise<number> {
  const limit = Number(await readFile("/sys/fs/cgroup/memory.max", "utf8").catch(() => "max"));
  return Number.isFinite(limit) ? Math.min(limit, totalmem()) : totalmem();
}

/** GPUs by `nvidia-smi`; none where the program is absent or finds no driver. */
async function readGpus(path: string, signal: AbortSignal): Promise<readonly NodeGpu[]> {
  try {
    const { stdout } = await execute("nvidia-smi", [...nvidiaSmiArguments], {
      env: { PATH: path },
      timeout: nvidiaSmiTimeoutMs,
      signal,
    });
    return parseNvidiaSmi(stdout);
  } catch {
    signal.throwIfAborted();
    return [];
  }
}
