import { spawn } from "node:child_process"; // breaks: world-in-drivers
import { join } from "node:path";
import type { Stats } from "node:fs";
import lmdb from "lmdb"; // breaks: world-in-drivers

/** Starts by itself. */
export async function start(stats: Stats): Promise<unknown> {
  const answer = await fetch("http://localhost"); // breaks: world-in-drivers
  return [spawn, join, stats, lmdb, answer];
}
