import type { Span } from "./json-span.ts";
import type { RequestScan } from "./request-scan.ts";

/** What a body must say when it reaches the upstream. */
export interface RequestChanges {
  /** The model's name there. */
  readonly model: string;
  /** Whether a chunk with the usage is asked for although the caller did not. */
  readonly asksForUsage: boolean;
}

interface Edit extends Span {
  readonly text: Uint8Array;
}

const encoder = new TextEncoder();
const usageMember = encoder.encode(',"stream_options":{"include_usage":true}');
const usageInside = encoder.encode('"include_usage":true');
const usageInsideMore = encoder.encode('"include_usage":true,');

/**
 * The body with its model renamed and, where asked, its options changed; all other bytes stay as they came.
 *
 * @returns parts that follow each other: what stays of the body is not copied, which may be many MB.
 */
export function rewriteRequest(body: Uint8Array, scan: RequestScan, changes: RequestChanges): readonly Uint8Array[] {
  const edits: Edit[] = [];
  if (changes.model !== scan.model)
    edits.push({ ...scan.modelSpan, text: encoder.encode(JSON.stringify(changes.model)) });
  if (changes.asksForUsage && !scan.wantsUsage) edits.push(...usageEdits(body, scan));
  return applyEdits(body, edits);
}

function usageEdits(body: Uint8Array, scan: RequestScan): readonly Edit[] {
  const { streamOptions, end } = scan;
  if (streamOptions === null) return [{ start: end, end, text: usageMember }];
  // An object that says `include_usage: false` is replaced as a whole, so that nothing is named twice.
  const options = JSON.parse(new TextDecoder().decode(body.subarray(streamOptions.start, streamOptions.end))) as object;
  if ("include_usage" in options) {
    return [{ ...streamOptions, text: encoder.encode(JSON.stringify({ ...options, include_usage: true })) }];
  }
  const inside = streamOptions.start + 1;
  const text = Object.keys(options).length === 0 ? usageInside : usageInsideMore;
  return [{ start: inside, end: inside, text }];
}

function applyEdits(body: Uint8Array, edits: Edit[]): readonly Uint8Array[] {
  if (edits.length === 0) return [body];
  edits.sort((left, right) => left.start - right.start);
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const { start, end, text } of edits) {
    parts.push(body.subarray(from, start), text);
    from = end;
  }
  parts.push(body.subarray(from));
  return parts;
}
