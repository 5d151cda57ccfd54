/**
 * The program that calls onnxruntime in its own process: `node onnx-direct.ts MODEL WIDTH`, then one line of JSON on its standard input for
 * each measurement and one line of JSON for its answer.
 */
import { createInterface } from "node:readline";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { LoadResult } from "./wrk-load.ts";

/** What to measure. */
export interface DirectAsk {
  readonly rows: number;
  readonly concurrency: number;
  readonly seconds: number;
}

/** What was seen; CPU in microseconds of this process. */
export interface DirectResult extends LoadResult {
  readonly cpuMicros: number;
}

const [file = "", width = "1"] = process.argv.slice(2);
const session = await InferenceSession.create(file, { intraOpNumThreads: 1, interOpNumThreads: 1 });

async function measure({ rows, concurrency, seconds }: DirectAsk): Promise<DirectResult> {
  const shape = [rows, Number(width)];
  const row = Float32Array.from({ length: rows * Number(width) }, (_, index) => Math.sin(index));
  const latencies: number[] = [];
  const before = process.cpuUsage();
  const beganAt = performance.now();
  const endsAt = beganAt + seconds * 1_000;
  const callOn = async (): Promise<void> => {
    for (let at = performance.now(); at < endsAt; ) {
      await session.run({ x: new Tensor("float32", row, shape) });
      const now = performance.now();
      latencies.push(now - at);
      at = now;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, callOn));
  const { user, system } = process.cpuUsage(before);
  const spentMs = performance.now() - beganAt;
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return {
    requests: latencies.length,
    seconds: spentMs / 1_000,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    errors: 0,
    cpuMicros: user + system,
  };
}

process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await measure(JSON.parse(line) as DirectAsk))}\n`);
}
