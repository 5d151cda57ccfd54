/** What a request's head says. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  /** Names and values in turn, or by name. */
  readonly headers: readonly string[] | Readonly<Record<string, string>>;
  /** Null: it has no body. */
  readonly bodyBytes: number | null;
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const foreignInValue = /[^\t\x20-\x7e\x80-\xff]/;
const foreignInPath = /[^\x21-\x7e]/;

/** Headers that the client itself writes, or that would change how the connection is used. */
const ownHeaders: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Writes request line and headers of HTTP/1.1, with the empty line that ends them.
 *
 * @throws {RangeError} for a path or a header that cannot be sent as it is: it could smuggle in another request.
 */
export function writeRequestHead({ method, path, host, headers, bodyBytes }: RequestHead): string {
  if (!path.startsWith("/") || foreignInPath.test(path)) {
    throw new RangeError(`a path wants to be of visible ASCII characters, found ${JSON.stringify(path.slice(0, 100))}`);
  }
  let ownHost = host;
  let lines = "";
  const pairs = headerPairs(headers);
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const name = pairs[at] ?? "";
    const value = pairs[at + 1] ?? "";
    if (!token.test(name) || foreignInValue.test(value)) {
      throw new RangeError(`the header ${JSON.stringify(name.slice(0, 100))} wants a value of one line of Latin-1`);
    }
    const lower = name.toLowerCase();
    if (ownHeaders.has(lower)) throw new RangeError(`the header ${lower} is the gateway's own; leave it out`);
    if (lower === "host") ownHost = value;
    else lines += `${name}: ${value}\r\n`;
  }
  const length = bodyBytes === null ? "" : `content-length: ${bodyBytes}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nhost: ${ownHost}\r\nconnection: keep-alive\r\n${lines}${length}\r\n`;
}

/** Headers as names and values in turn. */
export function headerPairs(headers: RequestHead["headers"]): readonly string[] {
  return isList(headers) ? headers : Object.entries(headers).flat();
}

function isList(headers: RequestHead["headers"]): headers is readonly string[] {
  return Array.isArray(headers);
}
