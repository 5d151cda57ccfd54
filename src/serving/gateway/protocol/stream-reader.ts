import { skipSpace } from "./json-span.ts";
import { type FindBytes, findUsage, parseUsage, type TokenUsage } from "./token-usage.ts";

/** Bytes of one frame that are kept back until it is whole; of a longer one the beginning is passed on before its end. */
export const maxFrameBytes = 1024 * 1024;

/** How a stream stands once all its bytes were seen. */
export type StreamEnd = "done" | "finished" | "failed" | "truncated";

const encoder = new TextEncoder();
const doneMark = encoder.encode("data: [DONE]");
const doneMarkTight = encoder.encode("data:[DONE]");
const errorMarks = ['data: {"error"', 'data:{"error"', "event: error", "event:error", "event: response.failed"].map(
  (mark) => encoder.encode(mark),
);
const lastEvents = ["event: response.completed", "event: response.incomplete"].map((mark) => encoder.encode(mark));
const finishKey = encoder.encode('"finish_reason"');
const choicesKey = encoder.encode('"choices"');
const nothing = new Uint8Array(0);

/** What the reader does with a stream. */
export interface StreamWishes {
  /** Whether a chunk that holds nothing but the usage is taken out, since the caller did not ask for it. */
  readonly stripsUsage: boolean;
}

/**
 * Follows a stream of server-sent events as bytes: finds out where frames end, how it ended and what it used, and takes out
 * the chunk with the usage that only the gateway asked for.
 *
 * What it passes on is the same however the bytes were cut into chunks. Frames end at an empty line after a line feed; a stream that
 * ends lines by carriage returns alone is passed on, but read only at its end.
 */
export class StreamReader {
  readonly #wishes: StreamWishes;
  readonly #find: FindBytes;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #usage: Uint8Array | null = null;
  #end: StreamEnd = "truncated";
  #frames = 0;
  #isInsideFrame = false;

  constructor(wishes: StreamWishes, find: FindBytes) {
    this.#wishes = wishes;
    this.#find = find;
  }

  /** Whole frames seen so far. */
  get frames(): number {
    return this.#frames;
  }

  /** Whether what was passed on so far ends with a whole frame, so that a comment may follow. */
  get isBetweenFrames(): boolean {
    return !this.#isInsideFrame;
  }

  get end(): StreamEnd {
    return this.#end;
  }

  get usage(): TokenUsage | null {
    return parseUsage(this.#usage);
  }

  /** Takes a chunk; gives back what may be passed on now, often the chunk itself. */
  push(chunk: Uint8Array): Uint8Array {
    const bytes = this.#heldBytes === 0 ? chunk : this.#joinIfNeeded(chunk);
    if (bytes === null) return nothing;
    const end = this.#readFrames(bytes);
    if (end === bytes.length) {
      this.#hold(null);
      return this.#passed(bytes, end);
    }
    const rest = bytes.subarray(end);
    if (rest.length <= maxFrameBytes) {
      this.#hold(rest);
      return this.#passed(bytes, end);
    }
    this.#hold(null);
    this.#isInsideFrame = true;
    return bytes;
  }

  /** What was held back when the stream ended. */
  rest(): Uint8Array {
    const rest = joined(this.#held, this.#heldBytes);
    this.#hold(null);
    if (rest.length > 0) this.#note(rest, 0);
    return rest;
  }

  /** Joins what is held with the chunk, unless no frame can end in it: then the chunk is held as well. */
  #joinIfNeeded(chunk: Uint8Array): Uint8Array | null {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (!chunk.includes(0x0a) && this.#heldBytes <= maxFrameBytes) return null;
    return joined(this.#held, this.#heldBytes);
  }

  #hold(rest: Uint8Array | null): void {
    this.#held = rest === null ? [] : [rest];
    this.#heldBytes = rest?.length ?? 0;
  }

  /** Looks at each whole frame; the place after the last. */
  #readFrames(bytes: Uint8Array): number {
    let start = 0;
    for (let line = bytes.indexOf(0x0a); line !== -1; line = bytes.indexOf(0x0a, line + 1)) {
      const next = bytes[line + 1];
      const end = next === 0x0a ? line + 2 : next === 0x0d && bytes[line + 2] === 0x0a ? line + 3 : -1;
      if (end === -1) continue;
      this.#note(bytes, start);
      this.#frames += 1;
      start = end;
      line = end - 1;
    }
    if (start > 0) this.#isInsideFrame = false;
    return start;
  }

  #note(bytes: Uint8Array, start: number): void {
    if (this.#end === "done" || this.#end === "failed") return;
    if (beginsWith(bytes, start, doneMark) || beginsWith(bytes, start, doneMarkTight)) this.#end = "done";
    else if (errorMarks.some((mark) => beginsWith(bytes, start, mark))) this.#end = "failed";
    else if (lastEvents.some((mark) => beginsWith(bytes, start, mark))) this.#end = "done";
  }

  #hasFinish(bytes: Uint8Array): boolean {
    for (let at = this.#find(bytes, finishKey, 0); at !== -1; at = this.#find(bytes, finishKey, at + 1)) {
      const colon = skipSpace(bytes, at + finishKey.length);
      if (bytes[colon] === 0x3a && bytes[skipSpace(bytes, colon + 1)] === 0x22) return true;
    }
    return false;
  }

  #passed(bytes: Uint8Array, end: number): Uint8Array {
    if (end === 0) return nothing;
    const whole = end === bytes.length ? bytes : bytes.subarray(0, end);
    if (this.#end === "truncated" && this.#hasFinish(whole)) this.#end = "finished";
    const usage = findUsage(whole, this.#find);
    if (usage === null) return whole;
    this.#usage = usage.slice();
    return this.#wishes.stripsUsage ? this.#withoutUsageFrames(whole) : whole;
  }

  #withoutUsageFrames(whole: Uint8Array): Uint8Array {
    const kept: Uint8Array[] = [];
    let start = 0;
    let length = 0;
    while (start < whole.length) {
      const end = frameEnd(whole, start);
      const frame = whole.subarray(start, end);
      if (!this.#isUsageOnly(frame)) {
        kept.push(frame);
        length += frame.length;
      }
      start = end;
    }
    return length === whole.length ? whole : joined(kept, length);
  }

  #isUsageOnly(frame: Uint8Array): boolean {
    if (findUsage(frame, this.#find) === null) return false;
    const at = this.#find(frame, choicesKey, 0);
    if (at === -1) return false;
    const colon = skipSpace(frame, at + choicesKey.length);
    const open = skipSpace(frame, colon + 1);
    return frame[colon] === 0x3a && frame[open] === 0x5b && frame[skipSpace(frame, open + 1)] === 0x5d;
  }
}

function frameEnd(bytes: Uint8Array, start: number): number {
  for (let line = bytes.indexOf(0x0a, start); line !== -1; line = bytes.indexOf(0x0a, line + 1)) {
    if (bytes[line + 1] === 0x0a) return line + 2;
    if (bytes[line + 1] === 0x0d && bytes[line + 2] === 0x0a) return line + 3;
  }
  return bytes.length;
}

function beginsWith(bytes: Uint8Array, at: number, mark: Uint8Array): boolean {
  for (let index = 0; index < mark.length; index += 1) if (bytes[at + index] !== mark[index]) return false;
  return true;
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
