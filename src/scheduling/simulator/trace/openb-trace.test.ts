import { expect, test } from "vitest";
import { isFault } from "../../../base/fault.ts";
import { readOpenbNodes, readOpenbPods } from "./openb-trace.ts";

const podHeader =
  "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time";

test("reads nodes and pods, with and without the column of GPU models", () => {
  expect(
    readOpenbNodes("sn,cpu_milli,memory_mib,gpu,model\nnode-0,64000,262144,2,P100\nnode-1,32000,1024,0,\n"),
  ).toEqual([
    { name: "node-0", cpuMillis: 64_000, memory: 262_144, gpus: 2, gpuModel: "P100" },
    { name: "node-1", cpuMillis: 32_000, memory: 1024, gpus: 0, gpuModel: "" },
  ]);
  expect(readOpenbPods(`${podHeader}\r\npod-0,6000,12288,1,460,V100M16|T4,LS,Running,0,1,0\r\n`)).toEqual([
    { name: "pod-0", cpuMillis: 6000, memory: 12_288, gpus: 1, gpuMillis: 460, gpuModels: ["V100M16", "T4"] },
  ]);
  expect(readOpenbPods("\uFEFFgpu_milli,num_gpu,memory_mib,cpu_milli,name\n1000,8,1,2,pod-0")).toEqual([
    { name: "pod-0", cpuMillis: 2, memory: 1, gpus: 8, gpuMillis: 1000, gpuModels: [] },
  ]);
});

const shortHeader = "name,cpu_milli,memory_mib,num_gpu,gpu_milli";
test.each([
  [
    "a word for a number",
    "p,many,1,1,500",
    'row 2, column cpu_milli: wanted a whole number from 0 to 1000000000, found "many"',
  ],
  [
    "a negative number",
    "p,1,-1,1,500",
    'row 2, column memory_mib: wanted a whole number from 0 to 1000000000, found "-1"',
  ],
  ["a fraction", "p,1,1,0.5,500", 'row 2, column num_gpu: wanted a whole number from 0 to 64, found "0.5"'],
  ["an absurd count", "p,1,1,65,1000", 'row 2, column num_gpu: wanted a whole number from 0 to 64, found "65"'],
  [
    "more than a whole GPU",
    "p,1,1,1,1001",
    'row 2, column gpu_milli: wanted a whole number from 1 to 1000, found "1001"',
  ],
  ["nothing of a GPU", "p,1,1,1,0", 'row 2, column gpu_milli: wanted a whole number from 1 to 1000, found "0"'],
  ["an empty field", "p,,1,1,500", 'row 2, column cpu_milli: wanted a whole number from 0 to 1000000000, found ""'],
  ["no name", ",1,1,1,500", "row 2, column name: wanted text, found nothing"],
  ["a short row", "p,1,1", "row 2: wanted 5 cells as in the heading, found 3"],
  ["a long row", "p,1,1,1,500,9", "row 2: wanted 5 cells as in the heading, found 6"],
])("a pod row with %s is named by row and column", (_name, row, wanted) => {
  const message = messageOf(() => readOpenbPods(`${shortHeader}\n${row}\nq,1,1,1,500`));

  expect(message).toBe(`the trace is not as its format wants it:\n${wanted}`);
});

test("a list of GPU models with a gap, and a node with GPUs of no model, are malformed", () => {
  expect(messageOf(() => readOpenbPods(`${shortHeader},gpu_spec\np,1,1,1,500,T4||G2`))).toContain(
    'row 2, column gpu_spec: wanted GPU models separated by single |, found "T4||G2"',
  );
  expect(messageOf(() => readOpenbNodes("sn,cpu_milli,memory_mib,gpu,model\nn,1,1,2,"))).toContain(
    "row 2, column model: wanted the GPU model of a node with GPUs, found nothing",
  );
});

test.each([
  ["no columns", "", "wanted a heading with name, cpu_milli, memory_mib, num_gpu, gpu_milli, found no text"],
  ["another file", "sn,cpu_milli,memory_mib,gpu,model\nn,1,1,1,T4", "row 1, column num_gpu: this column is missing"],
  ["no rows", shortHeader, "row 1: wanted a row below the heading, found none"],
])("a file with %s is refused as a whole", (_name, text, wanted) => {
  expect(messageOf(() => readOpenbPods(text))).toContain(wanted);
});

function messageOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (isFault(error, "scheduling.trace-invalid")) return error.message;
    throw error;
  }
  return "no fault";
}
