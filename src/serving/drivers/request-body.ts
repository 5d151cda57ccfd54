import type { IncomingMessage } from "node:http";
import { Fault } from "../../base/fault.ts";
import { RequestBytes } from "./request-bytes.ts";

/** Reads the whole body of a request in one piece. @throws {Fault} as `readBytes`. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  return (await readBytes(request, maxBytes)).whole();
}

/**
 * Reads the whole body of a request.
 *
 * @throws {Fault} `platform.body-too-large` as soon as more than `maxBytes` came or were announced;
 *   `serving.request-invalid` when the caller went away in the middle.
 */
export function readBytes(request: IncomingMessage, maxBytes: number): Promise<RequestBytes> {
  return new Promise((resolve, reject) => {
    const announced = Number(request.headers["content-length"] ?? 0);
    const tooLarge = (bytes: number) =>
      new Fault(
        "platform.body-too-large",
        `a body wants at most ${maxBytes} bytes, found ${bytes}; send fewer rows at a time`,
      );
    if (announced > maxBytes) {
      reject(tooLarge(announced));
      return;
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) {
        request.removeAllListeners("data");
        request.pause();
        chunks.length = 0;
        reject(tooLarge(bytes));
        return;
      }
      chunks.push(chunk);
    });
    request.on("end", () => resolve(new RequestBytes(chunks)));
    request.on("error", (cause) => {
      reject(new Fault("serving.request-invalid", "the caller went away before its body was whole", { cause }));
    });
  });
}
