import type { Socket } from "node:net";
import type { Bytes } from "../../base/units.ts";

/** Up to so many bytes are copied into one piece, which costs less than to hand several to the system. */
const joinedBytesMax: Bytes = 16 * 1024;

const settled = Promise.resolve();
const nothing = (): void => undefined;

/** What is written to a caller's connection: what comes within one turn leaves in one piece. */
export class CallerOutput {
  readonly #socket: Socket;
  /** Texts are of Latin-1. */
  #parts: (Uint8Array | string)[] = [];
  #bytes: Bytes = 0;
  #willFlush = false;
  // One for all turns: what is made anew for each would be garbage.
  readonly #flushOnTurn = (): void => {
    this.#willFlush = false;
    this.flush();
  };

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Whether so much waits to be read by the caller that nothing more should be written. */
  get isFull(): boolean {
    return this.#bytes + this.#socket.writableLength >= this.#socket.writableHighWaterMark;
  }

  /** Adds what leaves with the next `flush`; texts are of Latin-1. */
  add(part: Uint8Array | string): void {
    this.#parts.push(part);
    this.#bytes += part.length;
  }

  /** Writes what was added once this turn is over. */
  flushSoon(): void {
    if (this.#willFlush) return;
    this.#willFlush = true;
    settled.then(this.#flushOnTurn, nothing);
  }

  /** Writes what was added. */
  flush(): void {
    const parts = this.#parts;
    if (parts.length === 0) return;
    const bytes = this.#bytes;
    this.#parts = [];
    this.#bytes = 0;
    if (bytes <= joinedBytesMax) this.#socket.write(joined(parts, bytes));
    else this.#writeEach(parts);
  }

  #writeEach(parts: readonly (Uint8Array | string)[]): void {
    const socket = this.#socket;
    socket.cork();
    for (const part of parts) {
      if (typeof part === "string") socket.write(part, "latin1");
      else socket.write(part);
    }
    socket.uncork();
  }
}

function joined(parts: readonly (Uint8Array | string)[], bytes: Bytes): Buffer {
  const whole = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const part of parts) {
    if (typeof part === "string") at += whole.write(part, at, "latin1");
    else {
      whole.set(part, at);
      at += part.byteLength;
    }
  }
  return whole;
}
