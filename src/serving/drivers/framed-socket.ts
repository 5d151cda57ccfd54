import type { Socket } from "node:net";
import { deserialize, serialize } from "node:v8";
import type { Bytes } from "../../base/units.ts";

/** Bytes of one message. */
const maxMessageBytes: Bytes = 64 * 1024 * 1024;

/** Bytes that may wait for a peer that does not read; beyond it the connection is given up. */
const maxWaitingBytes: Bytes = 256 * 1024 * 1024;

const lengthBytes = 4;

/**
 * Whole messages over a socket between two processes of one package: four bytes of length, big endian, then the value
 * as V8 serialises it (so that NaN, which JSON lacks, arrives as NaN).
 *
 * Only for peers that are trusted: a socket that the account alone can open.
 */
export class FramedSocket<Incoming, Outgoing> {
  readonly #socket: Socket;
  readonly #onMessage: (message: Incoming) => void;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(socket: Socket, onMessage: (message: Incoming) => void, onClose: () => void) {
    this.#socket = socket;
    this.#onMessage = onMessage;
    socket.on("data", (part) => this.#take(part));
    // Told by "close", which always follows.
    socket.on("error", () => undefined);
    socket.once("close", onClose);
  }

  /** Sends a message; does nothing once the connection is closed. */
  send(message: Outgoing): void {
    if (!this.#socket.writable) return;
    const body = serialize(message);
    const head = Buffer.allocUnsafe(lengthBytes);
    head.writeUInt32BE(body.length);
    this.#socket.cork();
    this.#socket.write(head);
    this.#socket.write(body);
    this.#socket.uncork();
    if (this.#socket.writableLength > maxWaitingBytes) this.#socket.destroy();
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(part: Buffer): void {
    this.#parts.push(part);
    this.#bytes += part.length;
    while (this.#bytes >= lengthBytes) {
      const length = this.#peekLength();
      if (length > maxMessageBytes) {
        this.#socket.destroy();
        return;
      }
      if (this.#bytes < lengthBytes + length) return;
      const whole =
        this.#parts.length === 1 && this.#parts[0] !== undefined ? this.#parts[0] : Buffer.concat(this.#parts);
      const rest = whole.subarray(lengthBytes + length);
      this.#parts = rest.length === 0 ? [] : [rest];
      this.#bytes = rest.length;
      this.#onMessage(deserialize(whole.subarray(lengthBytes, lengthBytes + length)) as Incoming);
    }
  }

  #peekLength(): number {
    const [first] = this.#parts;
    if (first !== undefined && first.length >= lengthBytes) return first.readUInt32BE();
    const whole = Buffer.concat(this.#parts);
    this.#parts = [whole];
    return whole.readUInt32BE();
  }
}
