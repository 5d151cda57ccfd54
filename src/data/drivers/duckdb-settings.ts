import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import type { DuckdbSettings } from "./duckdb-engine.ts";

const threadsMax = 8;
const memoryMin = 512 * 1024 ** 2;
const memoryMax = 8 * 1024 ** 3;
const sessions = 2;
const timeoutMs = 600_000;

/** Settings for this machine: all its cores up to eight, and an eighth of its memory for each of two sessions. */
export function duckdbSettings(dataDirectory: string): DuckdbSettings {
  return {
    temporaryFolder: join(dataDirectory, "sql"),
    threads: Math.min(threadsMax, availableParallelism()),
    memory: Math.min(memoryMax, Math.max(memoryMin, Math.floor(totalmem() / 8))),
    sessions,
    timeoutMs,
  };
}
