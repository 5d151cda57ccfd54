/*
 * Loaded into each process of a gateway before its own program: writes down every second what the process holds, to a file named
 * after its id in the folder that `?folder=` names. From outside only the whole is seen, not what of it is heap.
 */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { memoryUsage, pid } from "node:process";

const everyMs = 1_000;

const folder = new URL(import.meta.url).searchParams.get("folder");
if (folder === null) throw new Error("tell-memory wants ?folder=, where it writes, and found none");
const path = join(folder, `${pid}.json`);

function tell(): void {
  const { heapTotal, external } = memoryUsage();
  writeFileSync(`${path}.next`, JSON.stringify({ heap: heapTotal, external }));
  // Whoever reads meanwhile reads a whole file.
  renameSync(`${path}.next`, path);
}

tell();
setInterval(tell, everyMs).unref();
