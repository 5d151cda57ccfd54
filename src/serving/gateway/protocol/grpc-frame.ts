/** Bytes before each message: one flag, whether it is compressed, and four of its length. */
export const frameHeadBytes = 5;

/** A message with its head. */
export function grpcFrame(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(frameHeadBytes + message.byteLength);
  new DataView(frame.buffer).setUint32(1, message.byteLength);
  frame.set(message, frameHeadBytes);
  return frame;
}

/** What a reader of frames found. */
export type FrameFound =
  | { readonly kind: "message"; readonly message: Uint8Array }
  | { readonly kind: "compressed" }
  | { readonly kind: "too-large"; readonly bytes: number; readonly maxBytes: number };

/** Cuts a stream of bytes into messages. */
export class FrameReader {
  readonly #maxBytes: number;
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  /** @param maxBytes of one message. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether all that came were whole messages. */
  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.byteLength;
  }

  /** The next message; undefined until more bytes came. */
  next(): FrameFound | undefined {
    if (this.#bytes < frameHeadBytes) return undefined;
    if ((this.#chunks[0]?.byteLength ?? 0) < frameHeadBytes) this.#join();
    const head = this.#chunks[0] ?? new Uint8Array(frameHeadBytes);
    if (head[0] !== 0) return { kind: "compressed" };
    const length = new DataView(head.buffer, head.byteOffset).getUint32(1);
    if (length > this.#maxBytes) return { kind: "too-large", bytes: length, maxBytes: this.#maxBytes };
    const end = frameHeadBytes + length;
    if (this.#bytes < end) return undefined;
    const whole = this.#join();
    const rest = whole.subarray(end);
    this.#chunks = rest.byteLength === 0 ? [] : [rest];
    this.#bytes = rest.byteLength;
    return { kind: "message", message: whole.subarray(frameHeadBytes, end) };
  }

  #join(): Uint8Array {
    const [first = new Uint8Array()] = this.#chunks;
    if (this.#chunks.length <= 1) return first;
    const joined = new Uint8Array(this.#bytes);
    let at = 0;
    for (const chunk of this.#chunks) {
      joined.set(chunk, at);
      at += chunk.byteLength;
    }
    this.#chunks = [joined];
    return joined;
  }
}
