import { type FileHandle, open } from "node:fs/promises";
import type { Bytes } from "../../base/units.ts";
import type { LogChunk } from "../ports.ts";

/** How much is read at once while looking for the beginning of the last lines. */
const blockBytes = 64 * 1024;
const newline = 0x0a;

async function withFile<Value>(
  path: string,
  absent: Value,
  read: (file: FileHandle, size: number) => Promise<Value>,
): Promise<Value> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return absent;
    throw error;
  }
  try {
    return await read(file, (await file.stat()).size);
  } finally {
    await file.close();
  }
}

/** Reads at most `bytesMax` from the byte `at` on; a log that was emptied meanwhile is read from its beginning. */
export async function readChunk(path: string, at: number, bytesMax: Bytes): Promise<LogChunk> {
  return await withFile(path, { bytes: new Uint8Array(0), next: 0 }, async (file, size) => {
    const from = at < 0 ? Math.max(0, size + at) : at > size ? 0 : at;
    const buffer = new Uint8Array(Math.min(bytesMax, size - from));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
    return { bytes: buffer.subarray(0, bytesRead), next: from + bytesRead };
  });
}

/** The byte at which the last `lines` lines begin; a line that has no end yet counts. */
export async function findLastLines(path: string, lines: number): Promise<number> {
  return await withFile(path, 0, async (file, size) => {
    if (lines <= 0) return size;
    const buffer = new Uint8Array(blockBytes);
    let left = lines;
    for (let end = size; end > 0; end -= blockBytes) {
      const start = Math.max(0, end - blockBytes);
      const { bytesRead } = await file.read(buffer, 0, end - start, start);
      for (let place = bytesRead - 1; place >= 0; place -= 1) {
        const isLast = start + place === size - 1;
        if (buffer[place] !== newline || isLast) continue;
        left -= 1;
        if (left === 0) return start + place + 1;
      }
    }
    return 0;
  });
}
