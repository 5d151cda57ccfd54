import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import type { Bytes } from "../../base/units.ts";
import type { ObjectStore } from "../../platform/ports.ts";
import type { FileLine, LineFiles } from "../batch/ports.ts";

const lineFeed = 10;

/** Lines in files of the object store. */
export function lineFiles(objects: Pick<ObjectStore, "localPath" | "put">): LineFiles {
  return {
    async *lines(objectKey, maxLineBytes, signal) {
      const path = await objects.localPath(objectKey);
      yield* splitLines(createReadStream(path, { signal }), maxLineBytes);
    },
    async line(objectKey, { offset, length }) {
      const file = await open(await objects.localPath(objectKey), "r");
      try {
        const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, offset);
        return buffer.toString("utf8", 0, bytesRead);
      } finally {
        await file.close();
      }
    },
    async write(objectKey, lines) {
      return (await objects.put(objectKey, Readable.from(ended(lines), { objectMode: false }))).bytes;
    },
  };
}

/** Splits bytes at line feeds; of a line that is too long only the beginning is kept. */
export async function* splitLines(chunks: AsyncIterable<Buffer>, maxLineBytes: Bytes): AsyncGenerator<FileLine> {
  let offset = 0;
  let length = 0;
  let kept: Buffer[] = [];
  const keep = (part: Buffer): void => {
    const room = maxLineBytes - length;
    if (room > 0) kept.push(part.length > room ? part.subarray(0, room) : part);
    length += part.length;
  };
  const take = (): FileLine => ({ text: Buffer.concat(kept).toString("utf8"), offset, length });
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      keep(chunk.subarray(start, end));
      yield take();
      offset += length + 1;
      length = 0;
      kept = [];
      start = end + 1;
    }
    keep(chunk.subarray(start));
  }
  if (length > 0) yield take();
}

async function* ended(lines: AsyncIterable<string>): AsyncGenerator<Buffer> {
  for await (const line of lines) yield Buffer.from(`${line}\n`);
}
