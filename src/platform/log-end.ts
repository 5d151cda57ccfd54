import { open, stat } from "node:fs/promises";
import type { Bytes } from "../base/units.ts";

/** The most of a log's end that is read. */
const endBytesMax: Bytes = 64 * 1024;

/** Lines of a crash that tell where, not what: stack frames, the mark below the source line, the version. */
const whereLine = /^\s*(?:at .*|\^+|Node\.js v\S+)?\s*$/;

/** The size of a log, from which on its end can be read later; 0 where there is none yet. */
export async function logSize(path: string): Promise<Bytes> {
  return await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/**
 * The last lines that were written to a log since it had `from` bytes, without stack frames; `(nothing)` where there are none.
 * A log that was begun anew since is read from its beginning.
 */
export async function readLogEnd(path: string, from: Bytes, linesMax: number): Promise<string> {
  const size = await logSize(path);
  const begin = Math.max(from > size ? 0 : from, size - endBytesMax);
  if (size === begin) return "(nothing)";
  const log = await open(path);
  try {
    const { buffer, bytesRead } = await log.read(Buffer.alloc(size - begin), 0, size - begin, begin);
    const lines = buffer.toString("utf8", 0, bytesRead).split("\n");
    return (
      lines
        .filter((line) => !whereLine.test(line))
        .slice(-linesMax)
        .join("\n") || "(nothing)"
    );
  } finally {
    await log.close();
  }
}
