import type { Instant } from "../../base/clock.ts";
import type { Admission } from "../gateway/messages.ts";
import type { RequestRecord } from "../gateway/observe/request-record.ts";

/** Headers of a request, by lower-case name. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A request that was understood and whose caller is known. */
export interface KnownRequest {
  readonly requestId: string;
  readonly operation: RequestRecord["operation"];
  readonly protocol: RequestRecord["protocol"];
  readonly startedAt: Instant;
  readonly admission: Admission;
  readonly headers: RequestHeaders;
  /** Tokens of the prompt; none where rows or tensors are sent. */
  readonly tokensIn: number;
  /** As the caller sent it. */
  readonly body: () => Uint8Array;
}

/** The text of a header that was sent once and is not empty. */
export function textIn(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}
