/** What a `traceparent` header names (W3C Trace Context, level 1). */
export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
}

/** Reads a `traceparent` header; null when it is none. */
export function parseTraceParent(header: string | null): TraceParent | null {
  const match = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(header ?? "");
  const [, traceId, spanId] = match ?? [];
  if (traceId === undefined || spanId === undefined || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId };
}
