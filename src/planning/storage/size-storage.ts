import type { Bytes } from "../../base/units.ts";
import type { GigabytesPerSecond } from "../catalog/quantities.ts";
import { gigabytes } from "../network/link-rate.ts";
import { invalidPlan, requireCount, requirePositive, requireWithin } from "../problems/plan-fault.ts";

/** A model whose training state is saved. */
export interface CheckpointAsk {
  readonly parameters: number;
  /** 14: 16-bit weights with 32-bit master and Adam moments; 12 without the 16-bit copy; 2 weights only. */
  readonly bytesPerParameter: number;
  readonly intervalSeconds: number;
  /** Share of the time that the job may stand still for saving, above 0. */
  readonly stallShare: number;
  readonly kept: number;
  /** Asynchronous: the job waits only for the copy to host memory, and the write must end before the next one. */
  readonly mode: "synchronous" | "asynchronous";
  /** Copies read when the job comes back: 1 when the state is broadcast, else the data-parallel width. */
  readonly readersOnRestart: number;
  readonly restartSeconds: number;
  readonly gpus: number;
  /** From one GPU to its host's memory. */
  readonly hostCopy: GigabytesPerSecond;
}

/** What is kept, in bytes as users see them (before redundancy). */
export interface StorageAsk {
  readonly checkpoint?: CheckpointAsk;
  readonly datasets: readonly { readonly name: string; readonly bytes: Bytes; readonly copies: number }[];
  /** Reads of training data by all jobs together. */
  readonly datasetRead: GigabytesPerSecond;
  readonly artifactsBytes: Bytes;
  readonly servingWeights: { readonly bytes: Bytes; readonly versions: number };
  readonly vectors: { readonly count: number; readonly dimensions: number; readonly bytesPerValue: number };
  /** Bytes of an index over the bytes of its vectors, such as 1.5 for a graph index. */
  readonly indexFactor: number;
  readonly growthShare: number;
  /** What users may fill of what is bought: redundancy and free space taken off. */
  readonly usableShare: number;
}

/** One tier of storage. */
export interface StorageTier {
  readonly tier: "fast" | "capacity";
  readonly holds: readonly { readonly what: string; readonly bytes: Bytes }[];
  readonly usedBytes: Bytes;
  /** To buy, growth and redundancy included. */
  readonly rawBytes: Bytes;
  readonly read: GigabytesPerSecond;
  readonly write: GigabytesPerSecond;
}

/** The tiers, and what saving costs the training job. */
export interface StoragePlan {
  readonly tiers: readonly StorageTier[];
  readonly checkpointBytes: Bytes;
  /** How long one save stops the job. */
  readonly stallSeconds: number;
  readonly bottleneck: string;
}

/**
 * Sizes storage.
 *
 * Synchronous saving needs bytes / (stall share x interval); asynchronous needs bytes / interval, and stalls for the
 * copy to host memory. Restart reads the state `readersOnRestart` times within `restartSeconds`.
 *
 * @throws {Fault} `planning.plan-invalid` for figures out of bounds.
 */
export function sizeStorage(ask: StorageAsk): StoragePlan {
  check(ask);
  const saving = ask.checkpoint === undefined ? undefined : sizeCheckpoint(ask.checkpoint);
  const vectors = ask.vectors.count * ask.vectors.dimensions * ask.vectors.bytesPerValue * ask.indexFactor;
  const fast = [
    { what: "checkpoints", bytes: saving?.keptBytes ?? 0 },
    ...ask.datasets.map((each) => ({ what: `dataset ${each.name}`, bytes: each.bytes })),
    { what: "vectors with their index", bytes: vectors },
    { what: "serving weights", bytes: ask.servingWeights.bytes * ask.servingWeights.versions },
  ].filter((held) => held.bytes > 0);
  const capacity = [
    ...ask.datasets.map((each) => ({
      what: `copies of ${each.name}`,
      bytes: each.bytes * Math.max(0, each.copies - 1),
    })),
    { what: "artifacts", bytes: ask.artifactsBytes },
    { what: "last checkpoint", bytes: saving?.bytes ?? 0 },
  ].filter((held) => held.bytes > 0);
  const read = gigabytes(Math.max(ask.datasetRead, saving?.read ?? 0));
  const tiers = [
    toTier("fast", fast, ask, read, gigabytes(saving?.write ?? 0)),
    toTier("capacity", capacity, ask, gigabytes(ask.datasetRead / 4), gigabytes((saving?.write ?? 0) / 10)),
  ].filter((tier) => tier.usedBytes > 0);
  return {
    tiers,
    checkpointBytes: saving?.bytes ?? 0,
    stallSeconds: saving?.stallSeconds ?? 0,
    bottleneck: nameBottleneck(ask, saving),
  };
}

interface Saving {
  readonly bytes: Bytes;
  readonly keptBytes: Bytes;
  readonly write: number;
  readonly read: number;
  readonly stallSeconds: number;
}

function sizeCheckpoint(ask: CheckpointAsk): Saving {
  const bytes = ask.parameters * ask.bytesPerParameter;
  const read = (bytes * ask.readersOnRestart) / ask.restartSeconds / 1e9;
  const shared = { bytes, keptBytes: bytes * ask.kept, read };
  if (ask.mode === "synchronous") {
    const stallSeconds = ask.stallShare * ask.intervalSeconds;
    return { ...shared, write: bytes / stallSeconds / 1e9, stallSeconds };
  }
  const stallSeconds = bytes / ask.gpus / (ask.hostCopy * 1e9);
  return { ...shared, write: bytes / ask.intervalSeconds / 1e9, stallSeconds };
}

function toTier(
  tier: StorageTier["tier"],
  holds: StorageTier["holds"],
  ask: StorageAsk,
  read: GigabytesPerSecond,
  write: GigabytesPerSecond,
): StorageTier {
  const usedBytes = holds.reduce((sum, held) => sum + held.bytes, 0);
  return { tier, holds, usedBytes, rawBytes: (usedBytes * (1 + ask.growthShare)) / ask.usableShare, read, write };
}

function nameBottleneck(ask: StorageAsk, saving: Saving | undefined): string {
  if (saving === undefined && ask.datasetRead === 0) return "nothing reads or writes much: capacity decides";
  const rates = [
    { name: "reading datasets", rate: ask.datasetRead as number },
    { name: "writing checkpoints", rate: saving?.write ?? 0 },
    { name: "reading a checkpoint on restart", rate: saving?.read ?? 0 },
  ].sort((left, right) => right.rate - left.rate);
  return `${rates[0]?.name} at ${rates[0]?.rate.toPrecision(3)} GB/s`;
}

function check(ask: StorageAsk): void {
  requireWithin("storage.growthShare", ask.growthShare, 0, 100);
  requireWithin("storage.usableShare", ask.usableShare, 0.1, 1);
  requireWithin("storage.indexFactor", ask.indexFactor, 1, 20);
  for (const [index, { bytes, copies }] of ask.datasets.entries()) {
    requireWithin(`storage.datasets[${index}].size`, bytes, 0, 1e21);
    requireCount(`storage.datasets[${index}].copies`, copies, 1);
  }
  requireCount("storage.versionsKept", ask.servingWeights.versions);
  requireWithin("storage.vectors.count", ask.vectors.count, 0, 1e15);
  requireWithin("storage.vectors.dimensions", ask.vectors.dimensions, 0, 1e6);
  requireWithin("storage.vectors.bytesPerValue", ask.vectors.bytesPerValue, 0, 64);
  const saved = ask.checkpoint;
  if (saved === undefined) return;
  requirePositive("storage.checkpoint.parameters", saved.parameters);
  requirePositive("storage.checkpoint.intervalSeconds", saved.intervalSeconds);
  requirePositive("storage.checkpoint.restartSeconds", saved.restartSeconds);
  requireWithin("storage.checkpoint.bytesPerParameter", saved.bytesPerParameter, 0.1, 64);
  requireCount("storage.checkpoint.kept", saved.kept, 1);
  requireCount("storage.checkpoint.readersOnRestart", saved.readersOnRestart, 1);
  requireCount("storage.checkpoint.gpus", saved.gpus, 1);
  requirePositive("storage.checkpoint.hostCopy", saved.hostCopy);
  if (!(saved.stallShare > 0 && saved.stallShare < 1)) {
    throw invalidPlan("storage.checkpoint.stallShare", "a share above 0 and below 1", saved.stallShare);
  }
}
