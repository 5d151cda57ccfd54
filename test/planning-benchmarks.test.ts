import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { judgeServing } from "../bench/planning/judge-serving.ts";
import { type ServingRow, servingRows } from "../bench/planning/serving-rows.ts";

const columns =
  "id,how,model_path,system,backend,precision,mode,isl,osl,conc,n_gpus,tp_size,date_first,ttft_ms_median,tpot_ms_median";
const line = (id: string, model: string, precision: string, system = "h100_sxm"): string =>
  [id, "read", model, system, "vllm", precision, "agg", 1024, 1024, 16, 4, 4, "2026-01-01", 150, 14].join(",");

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "planning-rows-"));
  const rows = [
    line("known", "meta-llama/Llama-3.1-70B-Instruct", "bf16"),
    line("spelled", "nvidia/Llama-3.3-70B-Instruct-FP4", "fp4"),
    line("packed", "casperhansen/llama-3.3-70b-instruct-awq", "int4_wo"),
    line("sized", "acme/Zeus-70B-Instruct", "bf16"),
    line("chip", "Llama-3.1-70B", "bf16", "mi400x"),
    line("recurrent", "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "bf16"),
    line("nameless", "acme/Zeus", "bf16"),
  ];
  await writeFile(join(folder, "inference_silicon.csv"), `${[columns, ...rows].join("\n")}\n`);
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

test("a row of a model that the catalog lacks is planned as the product would, where its name tells its size, and counted", () => {
  const [tokens] = judgeServing(folder);

  expect(tokens?.n).toBe(5);
  expect(tokens?.excluded).toEqual({ "agg: model unknown": 2 });
  expect(tokens?.notes).toEqual({
    "planned by a stand-in (model not in the catalog)": 1,
    "planned by a stand-in (accelerator not in the catalog)": 1,
  });
});

test("rows that stand-ins plan are no part of a fit, whose reader does not ask for them", () => {
  const idsOf = (rows: ReturnType<typeof servingRows>): readonly string[] =>
    rows.filter((row): row is ServingRow => "job" in row).map(({ id }) => id);

  expect(idsOf(servingRows(folder))).toEqual(["known", "spelled", "packed"]);
  expect(idsOf(servingRows(folder, "planned"))).toEqual(["known", "spelled", "packed", "sized", "chip"]);
});

test("the number format of a row is read in the field's spellings, and decides the format of its cache", () => {
  const formats = servingRows(folder).flatMap((row) =>
    "job" in row ? [`${row.job.model.name} ${row.job.precision} ${row.job.kvPrecision}`] : [],
  );

  expect(formats).toEqual(["Llama-3.1-70B bf16 bf16", "Llama-3.1-70B fp4 fp8", "Llama-3.1-70B int4 bf16"]);
});
