import { Busboy } from "@fastify/busboy";
import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Bytes } from "../../base/units.ts";
import { Fault } from "../../base/fault.ts";

/** Fields of a form besides the file, and characters of each. */
const maxFields = 16;
const maxFieldChars = 4_096;

/** A form with one file that was read whole. */
export interface Upload<Stored> {
  readonly fields: Readonly<Record<string, string>>;
  readonly filename: string;
  /** What `store` answered with. */
  readonly stored: Stored;
}

/**
 * Reads a form with one file (`multipart/form-data`), whose content goes to `store` as it comes.
 *
 * @throws {Fault} `serving.request-invalid` when it is no such form or has no file; `platform.body-too-large`. What `store` had
 *   taken by then is its caller's to remove.
 */
export async function readUpload<Stored>(
  headers: IncomingHttpHeaders,
  body: Readable,
  maxBytes: Bytes,
  store: (content: Readable) => Promise<Stored>,
): Promise<Upload<Stored>> {
  const contentType = headers["content-type"] ?? "";
  if (!contentType.startsWith("multipart/form-data")) {
    throw invalid(`an upload wants multipart/form-data, found ${contentType === "" ? "no content type" : contentType}`);
  }
  const fields: Record<string, string> = {};
  let file: { readonly filename: string; readonly storing: Promise<Stored> } | undefined;
  let isTooLarge = false;
  const form = new Busboy({
    headers: { ...headers, "content-type": contentType },
    limits: { files: 1, fields: maxFields, fieldSize: maxFieldChars, fileSize: maxBytes },
  });
  form.on("field", (name, value) => {
    fields[name] = value;
  });
  form.on("file", (_name, content, filename) => {
    content.once("limit", () => {
      isTooLarge = true;
    });
    const storing = store(content);
    storing.catch(() => content.resume());
    file = { filename, storing };
  });
  try {
    await pipeline(body, form);
  } catch (cause) {
    throw invalid(`the form could not be read: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  if (file === undefined) throw invalid("an upload wants a file in its form, found none");
  const stored = await file.storing;
  if (isTooLarge) {
    throw new Fault("platform.body-too-large", `a file may have ${maxBytes} bytes, found more; send it in parts`);
  }
  return { fields, filename: file.filename, stored };
}

function invalid(message: string, cause?: unknown): Fault {
  return new Fault("serving.request-invalid", message, cause === undefined ? {} : { cause });
}
