import { createHash } from "node:crypto";
import { type Readable, Transform } from "node:stream";
import { Fault } from "../../base/fault.ts";
import { formatSize } from "../../base/units.ts";
import type { ObjectStore } from "../../platform/ports.ts";

/** The largest model file that may be uploaded. */
export const modelFileBytesMax = 4_000_000_000;

/** Where a project's uploaded files lie. */
export function modelFilePrefix(project: string): string {
  return `model-files/${project}/`;
}

/**
 * Streams an upload into the object store; never holds it in memory.
 *
 * @throws {Fault} `platform.body-too-large` past `modelFileBytesMax`, `platform.disk-full`; nothing half-written stays.
 */
export async function storeModelFile(
  objects: ObjectStore,
  key: string,
  content: Readable,
): Promise<{ readonly objectKey: string; readonly bytes: number; readonly sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      hash.update(chunk);
      done(bytes > modelFileBytesMax ? tooLarge() : null, chunk);
    },
  });
  content.on("error", (error) => meter.destroy(error));
  await objects.put(key, content.pipe(meter));
  return { objectKey: key, bytes, sha256: hash.digest("hex") };
}

/** The SHA-256 of a stored object, hex. @throws {Fault} `platform.not-found`. */
export async function hashObject(objects: ObjectStore, key: string): Promise<string> {
  const { content } = await objects.get(key);
  const hash = createHash("sha256");
  for await (const chunk of content) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}

function tooLarge(): Fault {
  return new Fault(
    "platform.body-too-large",
    `a model file may have ${formatSize(modelFileBytesMax)}; this one is larger. Store its weights in a smaller type`,
  );
}
