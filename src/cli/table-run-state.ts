import { createHash } from "node:crypto";
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import * as z from "zod";
import { Fault } from "../base/fault.ts";

const partSchema = z.object({
  batchId: z.string(),
  /** Rows that its requests ask for. */
  rows: z.number(),
});

const passSchema = z.object({ parts: z.array(partSchema), isPlanned: z.boolean() });

const stateSchema = z.object({
  /** Of the input and the settings: another run must not go on here. */
  fingerprint: z.string(),
  runId: z.string(),
  /** The groups, and then the rows of refused groups one by one. */
  passes: z.tuple([passSchema, passSchema]),
  /** Requests whose rows are asked one by one; null before that is known. */
  split: z.array(z.string()).nullable(),
});

/** How far a run over a table is, beside its output: whoever starts the same command again goes on from there. */
export type TableRunState = Readonly<z.infer<typeof stateSchema>>;

/** Where the state of a run to `out` lies. */
export function statePath(out: string): string {
  return `${out}.run.json`;
}

/** Tells one run from another: its input's size and time of change, and its settings. */
export async function fingerprintOf(input: string, settings: unknown): Promise<string> {
  const { size, mtimeMs } = await stat(input).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Fault("cli.file-unreadable", `cannot read "${input}": ${reason}`, { cause });
  });
  return createHash("sha256")
    .update(JSON.stringify([size, mtimeMs, settings]))
    .digest("hex");
}

/** @returns undefined when no run was begun. @throws {Fault} `cli.argument-invalid` when it is another run's. */
export async function readState(out: string, fingerprint: string): Promise<TableRunState | undefined> {
  const path = statePath(out);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const parsed = stateSchema.safeParse(parseJson(text));
  if (parsed.success && parsed.data.fingerprint === fingerprint) return parsed.data;
  throw new Fault(
    "cli.argument-invalid",
    `"${path}" is of a run over another input or with other options; name another --out, or remove that file to begin again`,
  );
}

/** Writes the state whole or not at all. */
export async function writeState(out: string, state: TableRunState): Promise<void> {
  const path = statePath(out);
  await writeFile(`${path}.draft`, JSON.stringify(state));
  await rename(`${path}.draft`, path);
}

/** The run is over. */
export async function removeState(out: string): Promise<void> {
  await rm(statePath(out), { force: true });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
