import { StandInServer } from "./stand-in-server.ts";
import { readOptions } from "../../tools/read-options.ts";

/**
 * A stand-in for an inference engine, for load tests and demonstrations: OpenAI chat completions (streamed or not) and metrics
 * with vLLM's names, at the times that the simulated engine reckons. There is no model in it, and it says so.
 *
 * `node bench/serving/simulated-engine.ts --port 8000 --speed 10` answers ten times as fast as it reckons.
 */

const values = readOptions({
  host: { type: "string", default: "127.0.0.1" },
  port: { type: "string", default: "0" },
  model: { type: "string", default: "simulated" },
  speed: { type: "string", default: "1" },
  slots: { type: "string", default: "16" },
  "kv-tokens": { type: "string", default: "100000" },
  "prefill-ms-per-token": { type: "string", default: "0.12" },
  "step-ms": { type: "string", default: "8" },
  "step-ms-per-answer": { type: "string", default: "0.25" },
  "chunk-tokens": { type: "string", default: "1024" },
});

function positive(name: keyof typeof values): number {
  const value = Number(values[name]);
  if (Number.isFinite(value) && value > 0) return value;
  process.stderr.write(`--${name} must be a number above zero and is ${values[name]}\n`);
  return process.exit(2);
}

const server = new StandInServer(
  {
    slots: positive("slots"),
    kvTokens: positive("kv-tokens"),
    prefillMsPerToken: positive("prefill-ms-per-token"),
    stepMs: positive("step-ms"),
    stepMsPerAnswer: positive("step-ms-per-answer"),
    chunkTokens: positive("chunk-tokens"),
  },
  { model: values.model, speed: positive("speed") },
);
const port = await server.listen(Number(values.port), values.host);
process.stdout.write(`simulated engine (no model): http://${values.host}:${port}/v1\n`);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void server.stop());
