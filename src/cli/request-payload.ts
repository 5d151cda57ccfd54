import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";

/** The body of a request: its type, its size, and what it is made of. */
export interface RequestPayload {
  readonly contentType: string;
  readonly bytes: number;
  readonly content: Readable;
}

/** A file to send. */
export interface UploadFile {
  readonly filename: string;
  readonly bytes: number;
  readonly content: Readable;
}

/** A body of JSON. */
export function jsonPayload(value: unknown): RequestPayload {
  const bytes = Buffer.from(JSON.stringify(value));
  return { contentType: "application/json", bytes: bytes.length, content: Readable.from([bytes]) };
}

/** A form with fields and one file (`multipart/form-data`, RFC 7578), which is read as it is sent. */
export function formPayload(fields: Readonly<Record<string, string>>, file: UploadFile): RequestPayload {
  const boundary = `millwright-${randomBytes(16).toString("hex")}`;
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const filename = file.filename.replaceAll(/["\r\n]/g, "_");
  const disposition = `content-disposition: form-data; name="file"; filename="${filename}"`;
  const head = Buffer.from(
    `${parts.join("")}--${boundary}\r\n${disposition}\r\ncontent-type: application/octet-stream\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    bytes: head.length + file.bytes + tail.length,
    content: Readable.from(joined(head, file.content, tail), { objectMode: false }),
  };
}

async function* joined(head: Buffer, content: Readable, tail: Buffer): AsyncGenerator<Uint8Array> {
  yield head;
  yield* content as AsyncIterable<Uint8Array>;
  yield tail;
}
