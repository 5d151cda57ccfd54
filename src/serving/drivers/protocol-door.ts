import type { Socket } from "node:net";
import type { Millis } from "../../base/clock.ts";

/** The first bytes of every HTTP/2 connection (RFC 9113 section 3.4), as far as no request of HTTP/1 begins so. */
const preface = Buffer.from("PRI * HTTP/2");

/** Where a connection goes, by what its first bytes say. */
export interface Doors {
  readonly http1: (socket: Socket) => void;
  readonly http2: (socket: Socket) => void;
}

/** Looks at a connection's first bytes, puts them back and passes it on; one that says nothing for `silentMs` is closed. */
export function openDoor(socket: Socket, doors: Doors, silentMs: Millis): void {
  let seen: Buffer = Buffer.alloc(0);
  const onSilent = (): void => void socket.destroy();
  const onError = (): void => void socket.destroy();
  const onData = (chunk: Buffer): void => {
    seen = seen.byteLength === 0 ? chunk : Buffer.concat([seen, chunk]);
    const length = Math.min(seen.byteLength, preface.byteLength);
    const isHttp2 = seen.compare(preface, 0, length, 0, length) === 0;
    if (isHttp2 && length < preface.byteLength) return;
    socket.pause();
    socket.removeListener("data", onData);
    socket.removeListener("error", onError);
    socket.setTimeout(0);
    socket.removeListener("timeout", onSilent);
    socket.unshift(seen);
    if (isHttp2) doors.http2(socket);
    else {
      doors.http1(socket);
      socket.resume();
    }
  };
  socket.on("data", onData);
  socket.on("error", onError);
  socket.setTimeout(silentMs, onSilent);
  socket.resume();
}
