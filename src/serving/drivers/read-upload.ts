import { Busboy, type BusboyInstance } from "@fastify/busboy";
import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Fault } from "../../base/fault.ts";
import type { Bytes } from "../../base/units.ts";

/** Fields of a form besides the file, and bytes of each. */
const maxFields = 16;
const maxFieldBytes = 4_096;

/** A form with one file that was read whole. */
export interface Upload<Stored> {
  readonly fields: Readonly<Record<string, string>>;
  readonly filename: string;
  /** What `store` answered with. */
  readonly stored: Stored;
}

/** The file of a form, from its headers on. */
interface FormFile<Stored> {
  readonly filename: string;
  readonly content: Readable;
  readonly storing: Promise<Stored>;
}

/**
 * Reads a form with one file (`multipart/form-data`), whose content goes to `store` as it comes.
 *
 * @throws {Fault} `serving.request-invalid` when it is no such form or has no file; `platform.body-too-large`, as soon as the
 *   file is; what `store` throws. `store` then meets a stream that broke off, and has to leave nothing behind.
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
  const fields = new Map<string, string>();
  const files: FormFile<Stored>[] = [];
  const form = openForm({ ...headers, "content-type": contentType }, maxBytes);
  form.on("field", (name, value) => void fields.set(name, value));
  form.on("file", (_name, content, filename) => {
    content.once("limit", () => {
      const fault = new Fault(
        "platform.body-too-large",
        `a file may have ${maxBytes} bytes, found more; send it in parts`,
      );
      content.destroy(fault);
      form.destroy(fault);
    });
    // Whoever may not store it, reads on to the end, so that the caller hears why.
    const storing = store(content).catch((error: unknown) => {
      content.resume();
      throw error;
    });
    storing.catch(() => undefined);
    files.push({ filename, content, storing });
  });
  try {
    await pipeline(body, form);
  } catch (cause) {
    for (const { content, storing } of files) {
      content.destroy(cause instanceof Error ? cause : new Error(String(cause)));
      await storing.catch(() => undefined);
    }
    if (cause instanceof Fault) throw cause;
    throw invalid(`the form could not be read: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  const [file] = files;
  if (file === undefined) throw invalid("an upload wants a file in its form, found none");
  return { fields: Object.fromEntries(fields), filename: file.filename, stored: await file.storing };
}

function openForm(headers: IncomingHttpHeaders & { readonly "content-type": string }, maxBytes: Bytes): BusboyInstance {
  try {
    return new Busboy({
      headers,
      limits: { files: 1, fields: maxFields, fieldSize: maxFieldBytes, fileSize: maxBytes },
    });
  } catch (cause) {
    throw invalid(`the form could not be read: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

function invalid(message: string, cause?: unknown): Fault {
  return new Fault("serving.request-invalid", message, cause === undefined ? {} : { cause });
}
