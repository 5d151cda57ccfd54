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

/** The body with its model renamed and, where asked, its options changed; all other bytes stay as they came. */
export function rewriteRequest(body: Uint8Array, scan: RequestScan, changes: RequestChanges): Uint8Array {
  const edits: Edit[] = [];
  if (changes.model !== scan.model)
    edits.push({ ...scan.modelSpan, text: encoder.encode(JSON.stringify(changes.model)) });
  if (changes.asksForUsage && !scan.wantsUsage) edits.push(...usageEdits(body, scan));
  return edits.length === 0 ? body : applyEdits(body, edits);
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

function applyEdits(body: Uint8Array, edits: Edit[]): Uint8Array {
  edits.sort((left, right) => left.start - right.start);
  const grown = edits.reduce((sum, edit) => sum + edit.text.length - (edit.end - edit.start), 0);
  const changed = new Uint8Array(body.length + grown);
  let from = 0;
  let to = 0;
  for (const edit of edits) {
    changed.set(body.subarray(from, edit.start), to);
    to += edit.start - from;
    changed.set(edit.text, to);
    to += edit.text.length;
    from = edit.end;
  }
  changed.set(body.subarray(from), to);
  return changed;
}
