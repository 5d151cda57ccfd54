/** How the end of an answer's body is found. */
export type AnswerFraming =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" }
  /** The body ends with the connection. */
  | { readonly kind: "close" };

/** The head of an HTTP/1 answer. */
export interface AnswerHead {
  readonly status: number;
  /** By lower-case name; a name that came several times has its values joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly framing: AnswerFraming;
  /** Whether another request may be sent on the connection once the body has ended. */
  readonly isKept: boolean;
  /** How long the connection is kept, as the other side says in `keep-alive: timeout=…`, in seconds; null when it says nothing. */
  readonly keptSeconds: number | null;
}

/** What came is no HTTP/1 answer, or one whose end cannot be told for sure. */
export class AnswerMalformed extends Error {
  override readonly name = "AnswerMalformed";
}

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const foreign = /[^\t\x20-\x7e\x80-\xff]/;
const digits = /^\d{1,15}$/;
const timeout = /(?:^|[,;\s])timeout=(\d{1,6})(?:$|[,;\s])/i;

/**
 * Reads the head of an HTTP/1 answer strictly (RFC 9112): whatever two programs could read in two ways is refused.
 *
 * Refused are lines that end otherwise than by CR LF, folded lines, spaces before a colon, names that are no tokens, more than one
 * content-length, one beside a transfer-encoding, a transfer-encoding other than `chunked`, and upgrades.
 *
 * @param text the bytes as Latin-1, up to and without the empty line that ends them.
 * @param isBodiless whether the request allows no body in its answer (HEAD).
 * @throws {AnswerMalformed}
 */
export function parseAnswerHead(text: string, isBodiless = false): AnswerHead {
  const lines = text.split("\r\n");
  const [first = "", ...rest] = lines;
  const match = statusLine.exec(first);
  if (match === null || foreign.test(first)) {
    throw new AnswerMalformed(`its first line wants a status of HTTP/1.1, found ${JSON.stringify(first.slice(0, 60))}`);
  }
  const status = Number(match[2]);
  if (status === 101) throw new AnswerMalformed("it wants to change the protocol, which nobody asked for");
  const headers: Record<string, string> = {};
  for (const line of rest) addLine(headers, line);
  const isOld = match[1] === "0";
  const framing = isBodiless || hasNoBody(status) ? noBody(headers, isOld) : framingOf(headers, isOld);
  const { connection } = headers;
  const isKept = framing.kind !== "close" && (isOld ? says(connection, "keep-alive") : !says(connection, "close"));
  const told = headers["keep-alive"];
  const seconds = told === undefined ? undefined : timeout.exec(told)?.[1];
  return { status, headers, framing, isKept, keptSeconds: seconds === undefined ? null : Number(seconds) };
}

function addLine(headers: Record<string, string>, line: string): void {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(0, colon));
  if (!token.test(name) || foreign.test(line)) {
    throw new AnswerMalformed(`a header wants to be NAME: VALUE, found ${JSON.stringify(line.slice(0, 60))}`);
  }
  const key = name.toLowerCase();
  const value = line.slice(colon + 1).trim();
  headers[key] = Object.hasOwn(headers, key) ? `${headers[key]}, ${value}` : value;
}

function hasNoBody(status: number): boolean {
  return status < 200 || status === 204 || status === 304;
}

/** Such an answer has no body, but what it says of one must still be sound. */
function noBody(headers: Readonly<Record<string, string>>, isOld: boolean): AnswerFraming {
  framingOf(headers, isOld);
  return { kind: "none" };
}

function framingOf(headers: Readonly<Record<string, string>>, isOld: boolean): AnswerFraming {
  const coding = headers["transfer-encoding"];
  const length = headers["content-length"];
  if (coding !== undefined) {
    if (length !== undefined) throw new AnswerMalformed("it has both a content-length and a transfer-encoding");
    if (isOld || coding.toLowerCase() !== "chunked") {
      throw new AnswerMalformed(
        `its transfer-encoding wants to be chunked, found ${JSON.stringify(coding.slice(0, 60))}`,
      );
    }
    return { kind: "chunked" };
  }
  if (length === undefined) return { kind: "close" };
  if (!digits.test(length)) {
    throw new AnswerMalformed(
      `its content-length wants to be one number, found ${JSON.stringify(length.slice(0, 60))}`,
    );
  }
  return { kind: "length", bytes: Number(length) };
}

function says(header: string | undefined, word: string): boolean {
  if (header === undefined) return false;
  const lower = header.toLowerCase();
  return lower === word || lower.split(",").some((each) => each.trim() === word);
}
