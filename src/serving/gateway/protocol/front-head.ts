import type { Bytes } from "../../../base/units.ts";
import { type OpenAiOperation, operationOfLine } from "./openai-path.ts";

/** The head of a request that is common in every way. */
export interface FrontHead {
  readonly operation: OpenAiOperation;
  readonly path: string;
  /** By lower-case name; each came once. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyBytes: Bytes;
}

const lineEnd = "\r\n";

/** A header as nearly all clients write it: a plain name, at once a colon, at most one blank, and a value that blanks do not surround. */
const commonLine = /([A-Za-z][A-Za-z0-9-]*): ?([\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)\r\n/y;

/** A length as nearly all clients write it; at most a gigabyte less a byte. */
const commonLength = /^(?:0|[1-9][0-9]{0,8})$/;

/** Headers by which a request asks for more than to be read, answered and followed by the next one. */
const uncommonHeaders: ReadonlySet<string> = new Set([
  "expect",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Reads the head of a request that generates something, if it is common in every way: each header once, in plain spelling, with a
 * length, and nothing that concerns the connection but that it is kept.
 *
 * Strict on purpose: whatever two servers could understand in two ways is left to another server as it came, so that this one never
 * finds a request's end elsewhere than others do (request smuggling).
 *
 * @param text request line and headers with the end of the last line, without the empty line; of Latin-1.
 * @returns null where another server is to judge.
 */
export function parseFrontHead(text: string): FrontHead | null {
  const lineStop = text.indexOf(lineEnd);
  const line = text.slice(0, lineStop);
  const operation = operationOfLine(line);
  if (operation === undefined) return null;
  const headers: Record<string, string> = {};
  commonLine.lastIndex = lineStop + lineEnd.length;
  let at = commonLine.lastIndex;
  while (at < text.length) {
    const found = commonLine.exec(text);
    if (found === null) return null;
    at = commonLine.lastIndex;
    const name = (found[1] ?? "").toLowerCase();
    // A second one of the name, or one that every object has.
    if (headers[name] !== undefined || uncommonHeaders.has(name)) return null;
    headers[name] = found[2] ?? "";
  }
  const { connection, host, "content-length": length } = headers;
  if (host === undefined || length === undefined || !commonLength.test(length)) return null;
  if (connection !== undefined && connection.toLowerCase() !== "keep-alive") return null;
  return { operation, path: line.slice("POST ".length, -" HTTP/1.1".length), headers, bodyBytes: Number(length) };
}
