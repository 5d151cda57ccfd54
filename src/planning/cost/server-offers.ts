import type { Fallback } from "../catalog/fallback.ts";
import type { OwnAccelerator } from "../catalog/own-accelerator.ts";
import type { Uncertain } from "../assumptions/uncertain.ts";

/** How sure a figure is: A two sources, B one source read, C recalled or assumed. */
export type Confidence = "A" | "B" | "C";

/** A server type as it is bought, for one GPU where not said otherwise. US dollars. */
export interface ServerOffer {
  readonly gpu: string;
  readonly gpusPerServer: number;
  /** Server with its GPUs and network cards, for one GPU. */
  readonly serverUsdPerGpu: Uncertain;
  /** On-demand rent of one GPU for one hour. */
  readonly rentUsdPerGpuHour: Uncertain;
  /** Nameplate power of the whole server. */
  readonly serverRatedKw: number;
  /** Equipment, network, storage and cooling for one GPU, as facilities provision it. */
  readonly allInKwPerGpu: number;
  readonly serverUnits: number;
  /** As makers count it: 80 GB are 80 x 2^30 bytes. */
  readonly memoryGigabytes: number;
  /** Rate of one fabric port of the server, Gb/s, and how many there are. */
  readonly railGigabits: number;
  readonly rails: number;
  /** Machines of their own in a server that is a whole rack: each has its `rails` ports. */
  readonly fabricNodes: number;
  readonly confidence: Confidence;
  readonly source: string;
  /** What it computes, where the plan says so; absent: what the catalog's accelerator of that name does. */
  readonly computes?: OwnAccelerator;
  /** What stands in for a GPU, or a price of its server, that the catalog does not have. */
  readonly fallbacks?: readonly Fallback[];
}

const between = (low: number, mode: number, high: number): Uncertain => ({ low, mode, high });

const hgx = { gpusPerServer: 8, serverUnits: 8, railGigabits: 400, rails: 8, fabricNodes: 1 } as const;
const nvl72 = { gpusPerServer: 72, serverUnits: 42, railGigabits: 400, rails: 4, fabricNodes: 18 } as const;
const pcie = { gpusPerServer: 8, serverUnits: 4, railGigabits: 100, rails: 2, fabricNodes: 1 } as const;

/** Servers that a plan may name; users add their own in `accelerators`. Prices of 2024-26 by the source given. */
export const serverOffers: readonly ServerOffer[] = [
  {
    ...hgx,
    gpu: "A100-SXM-80",
    railGigabits: 200,
    serverUsdPerGpu: between(15_000, 17_349, 20_875),
    rentUsdPerGpuHour: between(1.1, 1.6, 3.43),
    serverRatedKw: 6.5,
    allInKwPerGpu: 1.02,
    memoryGigabytes: 80,
    confidence: "B",
    source:
      "Epoch price table 2022-25; rent: Verda 1.29 to AWS 3.43; power: DGX A100 datasheet, recalled, all-in x 1.25",
  },
  {
    ...hgx,
    gpu: "H100-SXM",
    serverUsdPerGpu: between(28_750, 31_905, 46_875),
    rentUsdPerGpuHour: between(1.99, 2.95, 6.88),
    serverRatedKw: 10.2,
    allInKwPerGpu: 1.73,
    memoryGigabytes: 80,
    confidence: "A",
    source: "Epoch price table 2025-Q1; rent: Verda 2.29, Nebius 2.95, AWS 6.88; power: DGX H100, all-in SemiAnalysis",
  },
  {
    ...hgx,
    gpu: "H200-SXM",
    serverUsdPerGpu: between(33_820, 36_400, 39_083),
    rentUsdPerGpuHour: between(2.5, 3.5, 7),
    serverRatedKw: 10.2,
    allInKwPerGpu: 1.73,
    memoryGigabytes: 141,
    confidence: "A",
    source:
      "Epoch price table 33,820 (2024-03) and 39,083 (2025-01), their middle; rent: Verda 3.39, Nebius 3.50; power as of H100",
  },
  {
    ...hgx,
    gpu: "B200-SXM",
    serverUsdPerGpu: between(40_000, 47_409, 58_000),
    rentUsdPerGpuHour: between(3.7, 5.5, 8),
    serverRatedKw: 14.3,
    allInKwPerGpu: 2.17,
    memoryGigabytes: 180,
    confidence: "B",
    source: "DGX B200, Epoch price table 2024-12; rent: Verda 4.89, Nebius 5.50; all-in power SemiAnalysis",
  },
  {
    ...hgx,
    gpu: "B300-SXM",
    railGigabits: 800,
    serverUsdPerGpu: between(46_000, 54_000, 68_000),
    rentUsdPerGpuHour: between(4.5, 6.99, 9.5),
    serverRatedKw: 14,
    allInKwPerGpu: 2.3,
    memoryGigabytes: 270,
    confidence: "C",
    source: "price assumed 14 % above B200; rent: Verda 6.99; power: SuperPOD B300, 56 kW for four, all-in assumed",
  },
  {
    ...nvl72,
    gpu: "GB200",
    serverUsdPerGpu: between(27_800, 43_000, 55_600),
    rentUsdPerGpuHour: between(4, 6, 10.5),
    serverRatedKw: 120,
    allInKwPerGpu: 2.1,
    memoryGigabytes: 186,
    confidence: "B",
    source:
      "rack 2-4 MUSD (fetchlogic.net 3.1 MUSD, awesomeagents.ai 2-3 MUSD); all-in power SemiAnalysis; rent assumed",
  },
  {
    ...nvl72,
    gpu: "GB300",
    railGigabits: 800,
    serverUsdPerGpu: between(41_700, 50_000, 58_000),
    rentUsdPerGpuHour: between(4.5, 7, 11),
    serverRatedKw: 132,
    allInKwPerGpu: 2.3,
    memoryGigabytes: 278,
    confidence: "C",
    source: "rack 3-4 MUSD (awesomeagents.ai); rent and all-in power assumed from GB200",
  },
  {
    ...hgx,
    gpu: "MI300X",
    serverUsdPerGpu: between(20_000, 25_734, 30_000),
    rentUsdPerGpuHour: between(1.5, 1.99, 6),
    serverRatedKw: 10.4,
    allInKwPerGpu: 1.79,
    memoryGigabytes: 192,
    confidence: "B",
    source: "Epoch price table 2025-02; rent: 1.50-1.99, Azure 6 (cliffcenter.com 2026-05); all-in power SemiAnalysis",
  },
  {
    ...hgx,
    gpu: "MI325X",
    serverUsdPerGpu: between(23_000, 28_000, 34_000),
    rentUsdPerGpuHour: between(1.95, 2.3, 4),
    serverRatedKw: 12.5,
    allInKwPerGpu: 2.18,
    memoryGigabytes: 256,
    confidence: "C",
    source:
      "price assumed 9 % above MI300X; rent: TensorWave 1.95 (cliffcenter.com 2026-05); all-in power SemiAnalysis",
  },
  {
    ...hgx,
    gpu: "MI355X",
    serverUsdPerGpu: between(27_000, 33_000, 42_000),
    rentUsdPerGpuHour: between(2.3, 2.95, 8.6),
    serverRatedKw: 15.5,
    allInKwPerGpu: 2.65,
    memoryGigabytes: 288,
    confidence: "C",
    source: "price and rent assumed: below B200 by the usual share; all-in power SemiAnalysis",
  },
  {
    ...pcie,
    gpu: "L40S",
    serverUsdPerGpu: between(9_500, 12_000, 15_000),
    rentUsdPerGpuHour: between(0.86, 1.2, 1.9),
    serverRatedKw: 4.2,
    allInKwPerGpu: 0.66,
    memoryGigabytes: 48,
    confidence: "C",
    source:
      "price assumed: card 7.5-9 kUSD with its share of a server; rent: RunPod 0.86-1.19, Nebius 1.55; power: 8 x 350 W + host",
  },
  {
    ...pcie,
    gpu: "RTX-PRO-6000-SE",
    serverUsdPerGpu: between(11_000, 13_000, 16_000),
    rentUsdPerGpuHour: between(1.2, 1.69, 2.5),
    serverRatedKw: 6.4,
    allInKwPerGpu: 1,
    memoryGigabytes: 96,
    confidence: "C",
    source: "price assumed: card 8-10 kUSD with its share of a server; rent: Verda 1.69; power: 8 x 600 W + host",
  },
];
