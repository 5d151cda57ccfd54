import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import * as z from "zod";
import type { House } from "./house.ts";
import { parseSource } from "./parse-source.ts";
import type { SourceFile } from "./source-file.ts";

/** The folders that hold TypeScript. */
const tops = ["src", "web", "test", "tools", "bench", "examples"] as const;
const skipped: ReadonlySet<string> = new Set(["node_modules", "dist", "canary", "public"]);
const packageSchema = z.object({
  dependencies: z.record(z.string(), z.string()).default({}),
  peerDependenciesMeta: z.record(z.string(), z.object({ optional: z.boolean().optional() })).default({}),
});

function* sourcePaths(root: string, folder: string): Iterable<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory() && !skipped.has(entry.name)) yield* sourcePaths(root, path);
    if (entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith(".d.ts")) yield path;
  }
}

/** Reads every source file below `root`; folders that are missing are left out. */
export function readHouse(root: string): House {
  const present = new Set(readdirSync(root));
  const settings = [...present].filter((name) => name.endsWith(".config.ts"));
  const paths = [...settings, ...tops.filter((top) => present.has(top)).flatMap((top) => [...sourcePaths(root, top)])];
  const known = new Set(paths);
  const files = new Map<string, SourceFile>();
  for (const path of paths) {
    const resolve = (specifier: string): string | undefined => {
      const target = specifier.startsWith(".") ? posix.join(dirname(path), specifier) : undefined;
      return target !== undefined && known.has(target) ? target : undefined;
    };
    files.set(path, parseSource(path, readFileSync(join(root, path), "utf8"), resolve));
  }
  const manifest = packageSchema.parse(
    present.has("package.json") ? JSON.parse(readFileSync(join(root, "package.json"), "utf8")) : {},
  );
  const peers = Object.entries(manifest.peerDependenciesMeta).filter(([, { optional }]) => optional === true);
  return {
    files,
    dependencies: new Set(Object.keys(manifest.dependencies)),
    optionalPeers: new Set(peers.map(([name]) => name)),
  };
}
