import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Benchmark, type Comparison, median } from "./benchmark.ts";
import { provenance } from "./provenance.ts";
import { resourceWrites } from "./resource-writes.ts";

/** Every benchmark; `npm run bench -- NAME` runs one, `npm run bench` all. */
const benchmarks: readonly Benchmark[] = [resourceWrites];

const wanted = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const isWritten = process.argv.includes("--write");
const chosen = wanted.length === 0 ? benchmarks : benchmarks.filter((benchmark) => wanted.includes(benchmark.name));
if (chosen.length === 0) {
  process.stderr.write(
    `there is no benchmark ${wanted.join(", ")}; there are: ${benchmarks.map((each) => each.name).join(", ")}\n`,
  );
  process.exit(2);
}
for (const benchmark of chosen) {
  process.stderr.write(`${benchmark.name}\n`);
  const comparisons = await benchmark.run((progress) => process.stderr.write(`  ${progress}\n`));
  const page = writePage(benchmark, comparisons);
  process.stdout.write(page);
  if (!isWritten) continue;
  const folder = join(import.meta.dirname, "../docs/benchmarks");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${benchmark.name}.md`), page);
}

function writePage(benchmark: Benchmark, comparisons: readonly Comparison[]): string {
  const rows = comparisons.map((each) => {
    const [ours, peer] = [median(each.ours), median(each.peer)];
    const ratio = each.isHigherBetter ? ours / peer : peer / ours;
    return `| ${each.what} | ${show(ours)} | ${each.peerName}: ${show(peer)} | ${each.unit} | ${ratio.toFixed(2)} | ${each.ours.length} |`;
  });
  return [
    `# Benchmark: ${benchmark.name}`,
    "",
    benchmark.method,
    "",
    "| what | Millwright (median) | peer (median) | unit | ratio (above 1: Millwright is better) | trials |",
    "|---|---|---|---|---|---|",
    ...rows,
    "",
    ...provenance().map((line) => `- ${line}`),
    "",
  ].join("\n");
}

function show(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
