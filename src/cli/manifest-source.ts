import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Fault } from "../base/fault.ts";
import type { ManifestSource } from "./manifest-yaml.ts";

/** Files of one folder beyond this are refused. */
export const mostFiles = 500;

/** Larger YAML files are refused. */
export const largestFileBytes = 4_000_000;

/**
 * Reads what `-f` names: a file, `-` for standard input, or a folder, whose `*.yaml` and `*.yml` come by name.
 *
 * @throws {Fault} `cli.file-unreadable` when there is nothing to read.
 */
export async function readManifestSources(
  paths: readonly string[],
  readInput: () => Promise<string>,
): Promise<readonly ManifestSource[]> {
  const sources: ManifestSource[] = [];
  for (const path of paths) {
    if (path === "-") sources.push({ file: "<stdin>", folder: resolve("."), text: await readInput() });
    else for (const file of await filesAt(path)) sources.push(await readSource(file));
  }
  return sources;
}

async function filesAt(path: string): Promise<readonly string[]> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new Fault("cli.file-unreadable", `cannot read "${path}": ${reasonOf(cause)}`, { details: { path }, cause });
  });
  if (!info.isDirectory()) return [path];
  const entries = await readdir(path, { withFileTypes: true });
  const files = entries
    .filter((entry) => !entry.isDirectory() && /\.ya?ml$/.test(entry.name))
    .map((entry) => entry.name)
    .sort();
  if (files.length === 0) {
    const message = `no *.yaml or *.yml in folder "${path}"; name a file or another folder`;
    throw new Fault("cli.file-unreadable", message, { details: { path } });
  }
  if (files.length > mostFiles) {
    const message = `folder "${path}" has ${files.length} YAML files; at most ${mostFiles} are applied at once`;
    throw new Fault("cli.argument-invalid", message, { details: { path } });
  }
  return files.map((name) => join(path, name));
}

async function readSource(path: string): Promise<ManifestSource> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new Fault("cli.file-unreadable", `cannot read "${path}": ${reasonOf(cause)}`, { details: { path }, cause });
  });
  if (bytes.length > largestFileBytes) {
    const message = `"${path}" has ${bytes.length} bytes; YAML files may have at most ${largestFileBytes}`;
    throw new Fault("cli.argument-invalid", message, { details: { path } });
  }
  return { file: path, folder: dirname(resolve(path)), text: bytes.toString("utf8") };
}

function reasonOf(cause: unknown): string {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
  if (code === "ENOENT") return "there is no such file or folder";
  if (code === "EACCES") return "permission denied";
  return cause instanceof Error ? cause.message : String(cause);
}
