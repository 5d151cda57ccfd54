/**
 * Keeps calls of `ModelInfer` under way over HTTP/2 (closed loop), each with the same bytes, and tells what it saw:
 * `node grpc-load.ts PORT CONCURRENCY SECONDS FILE TOKEN`; FILE holds the encoded request.
 */
import { readFileSync } from "node:fs";
import { type ClientHttp2Session, connect } from "node:http2";
import { grpcFrame } from "../../src/serving/gateway/protocol/grpc-frame.ts";
import type { LoadResult } from "./wrk-load.ts";

/** Calls on one connection. */
const callsPerSession = 32;

const [port = "", concurrency = "1", seconds = "1", file = "", token = ""] = process.argv.slice(2);
const frame = Buffer.from(grpcFrame(readFileSync(file)));
const headers = {
  ":method": "POST",
  ":path": "/inference.GRPCInferenceService/ModelInfer",
  "content-type": "application/grpc",
  te: "trailers",
  authorization: `Bearer ${token}`,
};

function call(session: ClientHttp2Session): Promise<boolean> {
  return new Promise((resolve) => {
    const stream = session.request(headers);
    let status: unknown;
    const note = (found: Readonly<Record<string, unknown>>): void => {
      status ??= found["grpc-status"];
    };
    stream.on("response", note);
    stream.on("trailers", note);
    stream.on("error", () => undefined);
    stream.on("close", () => resolve(status === "0"));
    stream.resume();
    stream.end(frame);
  });
}

const latencies: number[] = [];
let errors = 0;
const count = Number(concurrency);
const sessions = Array.from({ length: Math.ceil(count / callsPerSession) }, () => connect(`http://127.0.0.1:${port}`));
const beganAt = performance.now();
const endsAt = beganAt + Number(seconds) * 1_000;

async function callOn(session: ClientHttp2Session): Promise<void> {
  for (let at = performance.now(); at < endsAt; ) {
    const isGood = await call(session);
    const now = performance.now();
    latencies.push(now - at);
    if (!isGood) errors += 1;
    at = now;
  }
}

await Promise.all(
  Array.from({ length: count }, async (_, index) => {
    const session = sessions[index % sessions.length];
    if (session !== undefined) await callOn(session);
  }),
);
const spentMs = performance.now() - beganAt;
for (const session of sessions) session.close();
const sorted = Float64Array.from(latencies).sort();
const result: LoadResult = {
  requests: latencies.length,
  seconds: spentMs / 1_000,
  p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
  p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
  errors,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
