import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type * as z from "zod";
import {
  type ReplicaAddress,
  replicaAddressFile,
  replicaAddressSchema,
  replicaProblemFile,
  replicaProblemSchema,
} from "../runtimes/replica-files.ts";

/** What a replica wrote into its task folder. */
export interface ReplicaSigns {
  readonly address: ReplicaAddress | null;
  readonly problem: string | null;
}

/** Reads what a replica wrote into its task folder; a file that is absent or not whole counts as absent. */
export async function readReplicaFolder(folder: string): Promise<ReplicaSigns> {
  const address = await readJson(join(folder, replicaAddressFile), replicaAddressSchema);
  const problem = await readJson(join(folder, replicaProblemFile), replicaProblemSchema);
  return { address, problem: problem?.message ?? null };
}

async function readJson<Value>(path: string, schema: z.ZodType<Value>): Promise<Value | null> {
  try {
    return schema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return null;
  }
}
