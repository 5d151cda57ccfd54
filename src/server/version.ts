import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";

/** The package's version, from the nearest package.json above this file (source tree or installed package). */
export function packageVersion(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    try {
      return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")))
        .version;
    } catch {
      // Not here: look one folder up.
    }
  }
  return "0.0.0";
}
