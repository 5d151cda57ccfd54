import { isAbsolute, resolve } from "node:path";
import type { Manifest } from "../platform/resource.ts";

/** Fields of a manifest that hold a path on the user's machine. */
const pathFields: readonly (readonly string[])[] = [
  ["spec", "source", "path"],
  ["spec", "workdir"],
];

/**
 * Makes the local paths of a manifest absolute: a relative one is meant from the folder of its YAML file.
 *
 * Addresses such as `s3://bucket/key` stay as they are. Answers with a copy.
 */
export function withAbsolutePaths(manifest: Manifest, folder: string): Manifest {
  const copy = structuredClone(manifest);
  for (const field of pathFields) {
    const holder = objectAt(copy, field.slice(0, -1));
    const key = field.at(-1) ?? "";
    const path = holder?.[key];
    if (holder !== undefined && typeof path === "string" && isRelativePath(path)) holder[key] = resolve(folder, path);
  }
  return copy;
}

function objectAt(value: unknown, path: readonly string[]): Record<string, unknown> | undefined {
  let current = value;
  for (const step of path) {
    if (!isObject(current)) return undefined;
    current = current[step];
  }
  return isObject(current) ? current : undefined;
}

function isRelativePath(path: string): boolean {
  return !isAbsolute(path) && !/^[a-z][a-z0-9+.-]*:\/\//i.test(path);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
