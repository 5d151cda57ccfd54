import { rm } from "node:fs/promises";
import { join } from "node:path";
import { ensureFolder } from "../../platform/files.ts";
import type { CheckpointFolders } from "../ports.ts";

/** Checkpoints in one folder a workload, below `folder`. */
export function checkpointFolder(folder: string): CheckpointFolders {
  return {
    async ensure(workloadId) {
      const path = join(folder, workloadId);
      await ensureFolder(path);
      return path;
    },
    async remove(workloadId) {
      await rm(join(folder, workloadId), { recursive: true, force: true });
    },
  };
}
