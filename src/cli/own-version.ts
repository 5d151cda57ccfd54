import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The version in the nearest package.json above this file: of the source tree, or of the installed package. */
export function readOwnVersion(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, "package.json");
    const found: unknown = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
    if (typeof found === "object" && found !== null && "version" in found) return String(found.version);
  }
  return "0.0.0";
}
