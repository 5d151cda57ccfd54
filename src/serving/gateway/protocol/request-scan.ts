import { Fault } from "../../../base/fault.ts";
import { endOfString, endOfValue, skipSpace, type Span } from "./json-span.ts";

/** What the gateway must know of a body to pass it on; the rest stays bytes. */
export interface RequestScan {
  readonly model: string;
  /** Where the model's name stands, quotes included. */
  readonly modelSpan: Span;
  readonly isStream: boolean;
  /** Whether the caller asked for a chunk with the usage. */
  readonly wantsUsage: boolean;
  /** Where `stream_options` stands; null when the body has none. */
  readonly streamOptions: Span | null;
  /** Whether embeddings are wanted as base64 of little-endian FP32. */
  readonly wantsBase64: boolean;
  /** Tokens that the answer may have at most; null when the caller names no limit. */
  readonly maxTokens: number | null;
  /** Answers that the caller asked for. */
  readonly choices: number;
  /** Where the messages, the prompt or the input stand; null when there are none. */
  readonly prompt: Span | null;
  /** The place of the brace that ends the body. */
  readonly end: number;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Members that the gateway reads, by the first byte after the quote, so that others cost one look. */
const members = [
  "model",
  "stream",
  "stream_options",
  "encoding_format",
  "max_tokens",
  "max_completion_tokens",
  "max_output_tokens",
  "n",
  "messages",
  "prompt",
  "input",
] as const;
type Member = (typeof members)[number];
const encodedMembers = members.map((name) => ({ name, bytes: new TextEncoder().encode(name) }));

/**
 * Finds the members that the gateway needs in the bytes of a JSON object, without making a value of the rest.
 *
 * A member that is named twice is refused: the gateway would go by one of them and the upstream by the other.
 *
 * @throws {Fault} `serving.request-invalid` when the body is no JSON object, names no model or has a member of another type.
 */
export function scanRequest(bytes: Uint8Array): RequestScan {
  const found = new Map<Member, Span>();
  const end = findMembers(bytes, found);
  const modelSpan = found.get("model");
  if (modelSpan === undefined) throw invalid("model", "names a model with the member `model`, found none");
  const model = parseAt(bytes, modelSpan, "model");
  if (typeof model !== "string" || model === "") throw invalid("model", "wants the name of a model as `model`");
  const streamOptions = found.get("stream_options") ?? null;
  const encodingFormat = found.get("encoding_format");
  return {
    model,
    modelSpan,
    isStream: readBoolean(bytes, found.get("stream"), "stream"),
    wantsUsage: streamOptions !== null && asksForUsage(bytes, streamOptions),
    streamOptions: isNull(bytes, streamOptions) ? null : streamOptions,
    wantsBase64: encodingFormat !== undefined && parseAt(bytes, encodingFormat, "encoding_format") === "base64",
    maxTokens: readMaxTokens(bytes, found),
    choices: readCount(bytes, found.get("n"), "n") ?? 1,
    prompt: found.get("messages") ?? found.get("prompt") ?? found.get("input") ?? null,
    end,
  };
}

function findMembers(bytes: Uint8Array, found: Map<Member, Span>): number {
  let place = skipSpace(bytes, 0);
  if (bytes[place] !== 0x7b) throw invalid(null, "is a JSON object");
  place = skipSpace(bytes, place + 1);
  if (bytes[place] === 0x7d) return checkEnd(bytes, place);
  for (;;) {
    const keyEnd = bytes[place] === 0x22 ? endOfString(bytes, place) : -1;
    if (keyEnd === -1) throw invalid(null, `is a JSON object; found something else at byte ${place}`);
    const member = memberAt(bytes, place, keyEnd);
    const colon = skipSpace(bytes, keyEnd);
    if (bytes[colon] !== 0x3a) throw invalid(null, `is a JSON object; found no colon at byte ${colon}`);
    const start = skipSpace(bytes, colon + 1);
    const end = endOfValue(bytes, start);
    if (end === -1) throw invalid(null, `is a JSON object; the value at byte ${start} does not end`);
    if (member !== undefined) {
      if (found.has(member)) throw invalid(member, `has each member once; found \`${member}\` twice`);
      found.set(member, { start, end });
    }
    place = skipSpace(bytes, end);
    if (bytes[place] === 0x7d) return checkEnd(bytes, place);
    if (bytes[place] !== 0x2c) throw invalid(null, `is a JSON object; found no comma at byte ${place}`);
    place = skipSpace(bytes, place + 1);
  }
}

function checkEnd(bytes: Uint8Array, place: number): number {
  const after = skipSpace(bytes, place + 1);
  if (after < bytes.length) throw invalid(null, `is one JSON object; found more after byte ${place}`);
  return place;
}

function memberAt(bytes: Uint8Array, start: number, end: number): Member | undefined {
  const length = end - start - 2;
  for (const { name, bytes: wanted } of encodedMembers) {
    if (wanted.length !== length) continue;
    let same = 0;
    while (same < length && bytes[start + 1 + same] === wanted[same]) same += 1;
    if (same === length) return name;
  }
  // An escaped name may still spell a member.
  const slash = bytes.subarray(start, end).indexOf(0x5c);
  if (slash === -1) return undefined;
  const spelled = parseAt(bytes, { start, end }, null);
  return members.find((name) => name === spelled);
}

function parseAt(bytes: Uint8Array, span: Span, member: string | null): unknown {
  try {
    return JSON.parse(decoder.decode(bytes.subarray(span.start, span.end)));
  } catch (cause) {
    throw invalid(member, `is JSON in UTF-8; bytes ${span.start} to ${span.end} are not`, cause);
  }
}

function isNull(bytes: Uint8Array, span: Span | null): boolean {
  return span === null || bytes[span.start] === 0x6e;
}

function asksForUsage(bytes: Uint8Array, span: Span): boolean {
  const options = parseAt(bytes, span, "stream_options");
  if (options === null) return false;
  if (typeof options !== "object" || Array.isArray(options)) {
    throw invalid("stream_options", "wants an object as `stream_options`");
  }
  return "include_usage" in options && options.include_usage === true;
}

function readBoolean(bytes: Uint8Array, span: Span | undefined, member: Member): boolean {
  if (span === undefined) return false;
  if (isWord(bytes, span, "true")) return true;
  if (isWord(bytes, span, "false")) return false;
  const value = parseAt(bytes, span, member);
  if (value === null) return false;
  if (typeof value !== "boolean") throw invalid(member, `wants true or false as \`${member}\``);
  return value;
}

function readCount(bytes: Uint8Array, span: Span | undefined, member: Member): number | null {
  if (span === undefined) return null;
  const value = wholeNumberAt(bytes, span) ?? parseAt(bytes, span, member);
  if (value === null) return null;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0) {
    throw invalid(member, `wants a whole number, not below 0, as \`${member}\``);
  }
  return value;
}

function isWord(bytes: Uint8Array, { start, end }: Span, word: string): boolean {
  if (end - start !== word.length) return false;
  for (let at = 0; at < word.length; at += 1) if (bytes[start + at] !== word.charCodeAt(at)) return false;
  return true;
}

/** A number of up to nine digits as JSON writes it; null for all that wants a closer look. */
function wholeNumberAt(bytes: Uint8Array, { start, end }: Span): number | null {
  if (end - start > 9 || (bytes[start] === 0x30 && end - start > 1)) return null;
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return null;
    value = value * 10 + digit;
  }
  return value;
}

function readMaxTokens(bytes: Uint8Array, found: ReadonlyMap<Member, Span>): number | null {
  for (const member of ["max_completion_tokens", "max_output_tokens", "max_tokens"] as const) {
    const value = readCount(bytes, found.get(member), member);
    if (value !== null) return value;
  }
  return null;
}

function invalid(param: string | null, wanted: string, cause?: unknown): Fault {
  return new Fault("serving.request-invalid", `a request ${wanted}`, {
    details: { param },
    ...(cause === undefined ? {} : { cause }),
  });
}
