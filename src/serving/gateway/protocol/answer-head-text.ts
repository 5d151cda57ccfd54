/** What a header's value must not hold: it would end the line, or is no text. */
const foreign = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * Writes status line and headers of HTTP/1.1, with the empty line that ends them.
 *
 * @param headers names are the gateway's own; values may come from elsewhere.
 * @param common whole lines that every answer has.
 * @throws {RangeError} for a value that could smuggle in another line.
 */
export function writeAnswerHead(
  status: number,
  reason: string,
  headers: Readonly<Record<string, string | number>>,
  isChunked: boolean,
  common: string,
): string {
  let lines = `HTTP/1.1 ${status} ${reason}\r\n`;
  for (const name in headers) {
    const value = headers[name] ?? "";
    if (typeof value === "string" && foreign.test(value)) {
      throw new RangeError(`the header ${name} wants a value of one line of Latin-1`);
    }
    lines += `${name}: ${value}\r\n`;
  }
  return isChunked ? `${lines}${common}transfer-encoding: chunked\r\n\r\n` : `${lines}${common}\r\n`;
}
