import type { IncomingMessage } from "node:http";

/** The header that names a request, here and at every upstream. */
export const requestIdHeader = "x-request-id";

/** The caller's own id for its request when it is one that may stand in headers and logs, else a new one. */
export function requestIdOf(request: Pick<IncomingMessage, "headers">, newId: () => string): string {
  const given = request.headers[requestIdHeader];
  return typeof given === "string" && /^[\x21-\x7e]{1,128}$/.test(given) ? given : `req_${newId()}`;
}
