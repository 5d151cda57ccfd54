import { expect, test } from "vitest";
import { isFault } from "../../base/fault.ts";
import { peakFlopsOf, visibleBytes } from "./accelerator.ts";
import { findAccelerator, listAccelerators, spellAccelerator } from "./find-accelerator.ts";
import { findInterconnect, usualInterconnect } from "./find-interconnect.ts";
import { parseAccelerators } from "./own-accelerator.ts";
import {
  byteRateOf,
  bytesOfGibibytes,
  bytesOfGigabytes,
  type GigabitsPerSecond,
  gibibytesOf,
  gigabytesOf,
} from "./quantities.ts";

function codeOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return isFault(error) ? error.code : error;
  }
  return undefined;
}

test.each(["H100", "h100_sxm", "NVIDIA H100-SXM-80GB", "H100-SXM-80GB", "h100-sxm"])("%s is the H100-SXM", (name) => {
  expect(findAccelerator(name).name).toBe("H100-SXM");
});

test.each([
  ["AMD Instinct MI325X 256GB HBM3E", "MI325X"],
  ["NVIDIA GH200-GraceHopper-Superchip-96GB", "GH200"],
  ["AMD Instinct MI300X-NPS1-SPX-192GB-750W", "MI300X"],
  ["Virtualized NVIDIA H100-NVL-94GB x4", "H100-NVL"],
])("%s is found by the name among its words: %s", (name, found) => {
  expect(findAccelerator(name).name).toBe(found);
});

test.each([
  ["a10g", "A10G"],
  ["rtx_pro_6000", "RTX-PRO-6000-SE"],
  ["NVIDIA RTX PRO 6000 Blackwell Workstation Edition", "RTX-PRO-6000-SE"],
  ["h800", "H800-SXM"],
  ["A800 80GB", "A800-SXM-80"],
  ["a100", "A100-SXM-80"],
  ["A100 PCIe 40GB", "A100-PCIE-40"],
  ["4090", "RTX-4090"],
  ["GB200 NVL72", "GB200"],
  ["l40s", "L40S"],
])("the short name %s is the %s itself", (name, found) => {
  expect(spellAccelerator(name)).toEqual({ accelerator: findAccelerator(found), unread: [] });
});

test("AWS's A10G is another chip than the A10: its tensor cores do little more than half as much", () => {
  const [ours, theirs] = [findAccelerator("A10G"), findAccelerator("A10")];

  expect(peakFlopsOf(ours, "bf16") / peakFlopsOf(theirs, "bf16")).toBeCloseTo(0.56, 2);
  expect(ours.memoryGbPerSecond).toBe(theirs.memoryGbPerSecond);
});

test("rates are dense: an H100 does 989 TFLOP/s in bf16 and twice that in fp8", () => {
  const accelerator = findAccelerator("H100");

  expect(peakFlopsOf(accelerator, "bf16") / 1e12).toBeCloseTo(989.4);
  expect(peakFlopsOf(accelerator, "fp8") / peakFlopsOf(accelerator, "bf16")).toBeCloseTo(2, 3);
});

test("a format without units of its own runs at the next wider one's rate", () => {
  const accelerator = findAccelerator("A100");

  expect(peakFlopsOf(accelerator, "fp4")).toBe(peakFlopsOf(accelerator, "bf16"));
});

test("every shipped accelerator has a source, a confidence and positive rates, and its own name finds it", () => {
  for (const each of listAccelerators()) {
    expect(each.source.length).toBeGreaterThan(3);
    expect(each.bf16Tflops * each.memoryGb * each.memoryGbPerSecond).toBeGreaterThan(0);
    expect(findAccelerator(each.name)).toBe(each);
  }
});

test("an unknown accelerator is a fault that names what looks alike", () => {
  expect(() => findAccelerator("H1000-SXN")).toThrow(/alike: H100-SXM/);
  expect(codeOf(() => findAccelerator("H1000-SXN"))).toBe("planning.accelerator-unknown");
});

test("a user's own accelerator is found before the shipped one; a wrong field is named", () => {
  const own = {
    name: "H100-SXM",
    vendor: "us",
    year: 2026,
    bf16Tflops: 1,
    memoryGb: 1,
    memoryGbPerSecond: 1,
    scaleUpGbPerSecond: 0,
    scaleUpGpus: 1,
    hostGbPerSecond: 1,
  };

  expect(
    findAccelerator(
      "H100-SXM",
      parseAccelerators([own]).map(({ value }) => value),
    ).bf16Tflops,
  ).toBe(1);
  expect(() => parseAccelerators([{ ...own, bf16Tflops: -1 }])).toThrow(/0\.bf16Tflops/);
  expect(codeOf(() => parseAccelerators([{ ...own, memoryGiB: 80 }]))).toBe("planning.catalog-invalid");
});

test("network ports are sold in bits: eight 400 Gb/s ports carry 400 GB/s", () => {
  expect(byteRateOf(400 as GigabitsPerSecond)).toBe(50);
  expect(usualInterconnect(findAccelerator("H100")).nodeGbPerSecond).toBe(400);
  expect(codeOf(() => findInterconnect("token ring"))).toBe("planning.interconnect-unknown");
});

test("decimal and binary memory are converted, not mixed: 80 GB are 74.5 GiB", () => {
  const memory = gigabytesOf(80e9);

  expect(gibibytesOf(bytesOfGigabytes(memory))).toBeCloseTo(74.5, 1);
  expect(bytesOfGibibytes(gibibytesOf(80e9))).toBeCloseTo(80e9, 0);
});

test.each([
  ["A100-SXM-80", 81_920],
  ["A100-SXM-40", 40_960],
  ["H100-SXM", 81_559],
  ["H200-SXM", 143_771],
  ["H20-SXM", 97_871],
  ["B200-SXM", 183_359],
  ["GB200", 189_471],
  ["L40S", 46_068],
  ["L4", 23_034],
  ["A10", 23_028],
  ["T4", 15_360],
  ["RTX-4090", 24_564],
])("programs see the memory of %s that its driver tells, %d MiB, within one percent", (name, mebibytes) => {
  expect(Math.abs(visibleBytes(findAccelerator(name)) / 2 ** 20 / mebibytes - 1)).toBeLessThan(0.01);
});
