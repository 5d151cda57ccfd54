import { execFileSync } from "node:child_process";
import { cpus, loadavg, totalmem } from "node:os";
import { formatSize } from "../src/base/units.ts";

/** Where and when figures were taken. */
export function provenance(): readonly string[] {
  const [first] = cpus();
  return [
    `Date: ${new Date().toISOString().slice(0, 10)}`,
    `Machine: ${cpus().length} × ${first?.model ?? "unknown CPU"}, ${formatSize(totalmem())} of memory, shared with other work`,
    `Load average of 1, 5 and 15 minutes: ${loadavg()
      .map((each) => each.toFixed(1))
      .join(", ")}`,
    `Node ${process.version}, ${process.platform} ${process.arch}`,
    `Commit: ${commit()}`,
  ];
}

function commit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  } catch {
    return "unknown (no git checkout)";
  }
}
