import { connect } from "node:net";

export interface Heard {
  readonly text: string;
  /** What a write or a read met, or null. */
  readonly error: string | null;
}

/** Sends a request with its whole body whatever comes back, as simple clients do, and hears until the connection closes. */
export async function sendAll(port: number, head: readonly string[], body: Buffer, isChunked = false): Promise<Heard> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  let error: string | null = null;
  socket.on("data", (chunk) => {
    text += String(chunk);
  });
  socket.on("error", (cause: Error & { code?: string }) => {
    error ??= cause.code ?? cause.message;
  });
  const length = isChunked ? "transfer-encoding: chunked" : `content-length: ${body.byteLength}`;
  socket.write([...head, "host: x", length, "connection: close", "", ""].join("\r\n"));
  if (isChunked) socket.write(`${body.byteLength.toString(16)}\r\n`);
  socket.write(body);
  if (isChunked) socket.write("\r\n0\r\n\r\n");
  await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  return { text, error };
}
