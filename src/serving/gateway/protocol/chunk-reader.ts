import { AnswerMalformed } from "./answer-head.ts";

/** Bytes of the line before a chunk, and of all lines after the last one. */
const lineBytesMax = 256;
const trailerBytesMax = 16 * 1024;

/** Hexadecimal digits of a chunk's size: up to 4 GiB in one chunk. */
const sizeDigitsMax = 8;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const semicolon = 0x3b;

/** What stands at a place in a chunked body. */
type Place =
  | "size"
  | "extension"
  | "size-end"
  | "data"
  | "data-return"
  | "data-end"
  | "trailer"
  | "trailer-end"
  | "last-end"
  | "over";

/**
 * Finds the data in a chunked body (RFC 9112 section 7.1), however its bytes are cut; strict, as the head is.
 *
 * Extensions of chunks and trailers are passed over; both are bounded.
 */
export class ChunkReader {
  #place: Place = "size";
  #size = 0;
  #digits = 0;
  #lineBytes = 0;
  #trailerBytes = 0;

  /** Whether the last chunk, and what follows it, has been read. */
  get isOver(): boolean {
    return this.#place === "over";
  }

  /** Bytes of data that follow at once where the last call ended; 0 when something else does, or nothing is known yet. */
  get dataBytes(): number {
    return this.#place === "data" ? this.#size : 0;
  }

  /** So many bytes of data were taken from where they stand. */
  take(bytes: number): void {
    this.#size -= bytes;
    if (this.#size === 0) this.#place = "data-return";
  }

  /**
   * Reads on from `at` up to the next data, the end of the body, or the end of the bytes.
   *
   * @returns the place after what was read.
   * @throws {AnswerMalformed}
   */
  skip(bytes: Uint8Array, at: number, end: number): number {
    let place = at;
    while (place < end && this.#place !== "data" && this.#place !== "over") {
      this.#read(bytes[place] ?? 0);
      place += 1;
    }
    return place;
  }

  #read(byte: number): void {
    switch (this.#place) {
      case "size":
        this.#readSize(byte);
        return;
      case "extension":
        this.#readExtension(byte);
        return;
      case "size-end":
        this.#want(byte, lineFeed);
        this.#place = this.#size > 0 ? "data" : "trailer";
        return;
      case "data-return":
        this.#want(byte, carriageReturn);
        this.#place = "data-end";
        return;
      case "data-end":
        this.#want(byte, lineFeed);
        this.#begin();
        return;
      case "trailer":
      case "trailer-end":
      case "last-end":
        this.#readTrailer(byte);
        return;
      case "data":
      case "over":
    }
  }

  #begin(): void {
    this.#place = "size";
    this.#size = 0;
    this.#digits = 0;
    this.#lineBytes = 0;
  }

  #readSize(byte: number): void {
    const digit = digitOf(byte);
    if (digit !== -1) {
      this.#digits += 1;
      if (this.#digits > sizeDigitsMax) throw new AnswerMalformed("a chunk is larger than any that is taken");
      this.#size = this.#size * 16 + digit;
      return;
    }
    if (this.#digits === 0 || (byte !== carriageReturn && byte !== semicolon)) throw broken(byte);
    this.#place = byte === semicolon ? "extension" : "size-end";
  }

  #readExtension(byte: number): void {
    this.#lineBytes += 1;
    if (byte === carriageReturn) this.#place = "size-end";
    else if (byte === lineFeed || this.#lineBytes > lineBytesMax) throw broken(byte);
  }

  /** Trailers end with an empty line. */
  #readTrailer(byte: number): void {
    this.#trailerBytes += 1;
    if (this.#trailerBytes > trailerBytesMax) throw new AnswerMalformed("what follows its last chunk does not end");
    if (this.#place === "trailer-end" || this.#place === "last-end") {
      this.#want(byte, lineFeed);
      this.#place = this.#place === "last-end" ? "over" : "trailer";
      this.#lineBytes = 0;
      return;
    }
    if (byte === carriageReturn) this.#place = this.#lineBytes === 0 ? "last-end" : "trailer-end";
    else if (byte === lineFeed) throw broken(byte);
    else this.#lineBytes += 1;
  }

  #want(byte: number, wanted: number): void {
    if (byte !== wanted) throw broken(byte);
  }
}

function broken(byte: number): AnswerMalformed {
  return new AnswerMalformed(`its chunks are broken; found the byte ${byte} where none such may stand`);
}

function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}
