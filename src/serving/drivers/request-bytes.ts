/**
 * The body of a request in the parts in which it came. They are joined only for who must have it in one piece: the copy of a large body
 * costs more in garbage than all else that the gateway does for the request.
 */
export class RequestBytes {
  readonly parts: readonly Uint8Array[];
  readonly byteLength: number;
  #whole: Uint8Array | undefined;

  constructor(parts: readonly Uint8Array[]) {
    this.parts = parts;
    this.byteLength = parts.reduce((sum, part) => sum + part.byteLength, 0);
    if (parts.length === 1) [this.#whole] = parts;
  }

  /** In one piece. */
  whole(): Uint8Array {
    this.#whole ??= Buffer.concat(this.parts, this.byteLength);
    return this.#whole;
  }
}
