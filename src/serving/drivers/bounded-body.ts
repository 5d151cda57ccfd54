import type { IncomingMessage } from "node:http";
import type { Millis } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";

/**
 * Reads the whole body of a request.
 *
 * One that comes in several parts is copied, part by part, to one piece of the announced length: held until the end, the parts and
 * the piece made of them would be twice its bytes.
 *
 * Of a body that is too large nothing is kept: the rest is read and thrown away for at most `lingerMs`, so that the caller, who is
 * still sending, hears the refusal; then the connection is broken.
 *
 * @throws {Fault} `platform.body-too-large`; `serving.request-invalid` when it is no UTF-8, or the caller went away in the middle.
 */
export function readBoundedBody(request: IncomingMessage, maxBytes: number, lingerMs: Millis): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const announced = Number(request.headers["content-length"] ?? 0);
    if (announced > maxBytes) {
      reject(tooLarge(announced, maxBytes));
      linger(request, lingerMs);
      return;
    }
    const chunks: Buffer[] = [];
    let piece: Buffer | null = null;
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      const from = bytes;
      bytes += chunk.byteLength;
      if (bytes <= maxBytes) {
        if (chunk.byteLength >= announced) chunks.push(chunk);
        else chunk.copy((piece ??= Buffer.allocUnsafe(announced)), from);
        return;
      }
      request.removeAllListeners("data");
      chunks.length = 0;
      reject(tooLarge(bytes, maxBytes));
      linger(request, lingerMs);
    });
    request.on("end", () => {
      const [only] = chunks;
      resolve(piece ?? (chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks)));
    });
    request.on("error", (cause) => {
      reject(new Fault("serving.request-invalid", "the caller went away before its body was whole", { cause }));
    });
  });
}

function tooLarge(bytes: number, maxBytes: number): Fault {
  return new Fault("platform.body-too-large", `a body wants at most ${maxBytes} bytes, found ${bytes}`);
}

function linger(request: IncomingMessage, lingerMs: Millis): void {
  const timer = setTimeout(() => request.socket.destroy(), lingerMs);
  const stop = (): void => clearTimeout(timer);
  request.once("end", stop);
  request.once("close", stop);
  request.resume();
}
