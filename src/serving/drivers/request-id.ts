import type { RequestHeaders } from "./known-request.ts";

/** The header that names a request, here and at every upstream. */
export const requestIdHeader = "x-request-id";

/** The caller's own id for its request when it is one that may stand in headers and logs, else a new one. */
export function requestIdOf(request: { readonly headers: RequestHeaders }, newId: () => string): string {
  const given = request.headers[requestIdHeader];
  return typeof given === "string" && /^[\x21-\x7e]{1,128}$/.test(given) ? given : `req_${newId()}`;
}
