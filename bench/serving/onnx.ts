/**
 * One ONNX model asked three ways in one run: onnxruntime in the caller's own process, Millwright's gateway and replica, and MLServer.
 *
 * `npm run bench:onnx -- [--json] [--write] [--rounds 3] [--seconds 2] [--concurrency 1,16,128] [--rows 1,32] [--models small,mlp]
 * [--peers direct,millwright,mlserver] [--ways JSON,binary,gRPC]`
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { provenance } from "../provenance.ts";
import { ensureProgram } from "./upstreams.ts";
import { type OnnxFigures, onnxPage, toFigures } from "./onnx-page.ts";
import {
  type BenchModel,
  ensureMlServer,
  makeModel,
  type OnnxContestant,
  type OnnxServer,
  type Seen,
  startDirect,
  startMillwrightOnnx,
  startMlServer,
  type Trial,
} from "./onnx-peers.ts";

/** Widths of the models' layers. */
const layers: Readonly<Record<string, readonly number[]>> = { small: [16, 64, 3], mlp: [256, 512, 512, 10] };

/** How far two computations of one output may lie apart: sums in another order. */
const tolerance = 1e-4;

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "2" },
    concurrency: { type: "string", default: "1,16,128" },
    rows: { type: "string", default: "1,32" },
    models: { type: "string", default: "small,mlp" },
    peers: { type: "string", default: "direct,millwright,mlserver" },
    ways: { type: "string", default: "JSON,binary,gRPC" },
  },
});
const seconds = Number(values.seconds);
const ways = values.ways.split(",");

async function startAll(models: readonly BenchModel[], versions: string): Promise<readonly OnnxServer[]> {
  const starters: Readonly<Record<string, () => Promise<OnnxServer>>> = {
    direct: async () => await startDirect(models),
    millwright: async () => await startMillwrightOnnx(models),
    mlserver: async () => await startMlServer(models, versions),
  };
  const servers: OnnxServer[] = [];
  for (const name of values.peers.split(",")) {
    const begin = starters[name];
    if (begin === undefined)
      throw new Error(`--peers wants some of ${Object.keys(starters).join(", ")}, found ${name}`);
    servers.push(await begin());
  }
  return servers;
}

/** All must compute the same before their speed means anything. */
async function checkAnswers(contestants: readonly OnnxContestant[], models: readonly BenchModel[]): Promise<void> {
  for (const model of models) {
    const found: (readonly number[])[] = [];
    for (const contestant of contestants) {
      const sample = await contestant.sample(model);
      if (sample !== null) found.push(sample);
    }
    const [first = []] = found;
    const isSame = found.every(
      (sample) =>
        sample.length === model.widths.at(-1) &&
        sample.every((value, index) => Math.abs(value - (first[index] ?? Number.NaN)) < tolerance),
    );
    if (!isSame) throw new Error(`the contestants answer differently for ${model.name}: ${JSON.stringify(found)}`);
  }
}

async function run(
  contestants: readonly OnnxContestant[],
  models: readonly BenchModel[],
): Promise<readonly OnnxFigures[]> {
  const sizes = values.rows.split(",").map(Number);
  const concurrencies = values.concurrency.split(",").map(Number);
  const trials = models.flatMap((model) =>
    sizes.flatMap((rows) => concurrencies.map((concurrency): Trial => ({ model, rows, concurrency, seconds }))),
  );
  for (const contestant of contestants) {
    for (const model of models) await contestant.measure({ model, rows: 1, concurrency: 16, seconds: 3 });
  }
  const samples = new Map<string, Seen[]>();
  const keyOf = ({ model, rows, concurrency }: Trial, name: string): string =>
    [model.name, rows, concurrency, name].join("/");
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    for (const trial of trials) {
      for (const contestant of contestants) {
        const seen = await contestant.measure(trial);
        const key = keyOf(trial, contestant.name);
        samples.set(key, [...(samples.get(key) ?? []), seen]);
        const perRow = seen.cpuMicros / Math.max(1, seen.requests * trial.rows);
        process.stderr.write(
          `round ${round}, ${key}: ${perRow.toFixed(1)} us a row, ${((seen.requests * trial.rows) / seen.seconds).toFixed(0)} rows/s, ` +
            `p50 ${seen.p50Ms.toFixed(2)} ms, p99 ${seen.p99Ms.toFixed(2)} ms, ${seen.errors} errors\n`,
        );
      }
    }
  }
  return trials.flatMap((trial) =>
    contestants.map(({ name }) => toFigures(trial, name, samples.get(keyOf(trial, name)) ?? [])),
  );
}

ensureProgram("wrk", "wrk");
const versions = await ensureMlServer();
const folder = await mkdtemp(join(tmpdir(), "bench-onnx-"));
const models = values.models.split(",").map((name) => makeModel(name, layers[name] ?? [1, 1], folder));
const servers = await startAll(models, versions);
try {
  const contestants = servers
    .flatMap((server) => server.contestants)
    .filter(({ name }) => name === "direct" || ways.some((way) => name.endsWith(way)));
  await checkAnswers(contestants, models);
  const figures = await run(contestants, models);
  const notes = [
    ...provenance(),
    `Load average at the end: ${loadavg()
      .map((value) => value.toFixed(1))
      .join(", ")}`,
  ];
  const page = onnxPage({ figures, contestants, models, rounds: Number(values.rounds), seconds, notes });
  process.stdout.write(values.json ? `${JSON.stringify(figures, null, 2)}\n` : page);
  if (values.write) await writeFile(join(import.meta.dirname, "../../docs/benchmarks/onnx.md"), page);
} finally {
  for (const server of servers.toReversed()) await server.stop();
  await rm(folder, { recursive: true, force: true });
}
