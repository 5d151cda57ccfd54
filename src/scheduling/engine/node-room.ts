import type { Claim } from "./claim.ts";
import { findMigStart, migMask, migMillis, sliceMask } from "./mig-profile.ts";
import type { Amounts } from "../quota/model.ts";
import type { ChooseGpus } from "../placement/choose-gpus.ts";
import type { NodeCapacity } from "../placement/node-capacity.ts";
import { measuredGpusMax, toTask } from "./node-rank.ts";
import { type EngineNode, type GpuPiece, type Shape, wholeGpu } from "./model.ts";

/** The most GPUs that one node may have. */
export const nodeGpusMax = 1024;

/** Fractions of CPUs, memory and custom resources are compared with this much slack. */
export const slack = 1e-6;

/** From so many claims on they are gone through in the order of time, not each moment anew. */
const sweptFrom = 8;

/** Members without GPUs are bounded by CPUs and memory alone; one that asks for nothing at all by this. */
const slotsWithoutGpusMax = 1_000_000;

/**
 * The room on one node during a span of time. One object serves all looks of a cluster, so that a look allocates
 * nothing: it is filled by `NodeState.measure` and read at once.
 */
export class Room {
  /** Milli-GPUs left on each GPU. */
  readonly gpuLeft = new Int32Array(nodeGpusMax);
  /** Taken MIG slices of each GPU, one bit each. */
  readonly migTaken = new Uint8Array(nodeGpusMax);
  readonly #use = new Int32Array(nodeGpusMax);
  /** How the GPU of a share is chosen; null: the smallest remainder that is large enough. */
  chooseShare: ChooseGpus | null = null;
  readonly #chosen = new Int32Array(1);
  /** In which order whole GPUs are taken; null: by index. */
  #order: readonly number[] | null = null;
  gpus = 0;
  cpuLeft = 0;
  memoryLeft = 0;
  customLeft: Amounts = {};

  /** Starts from what a node leaves now. */
  reset(gpuFree: Int32Array, migTaken: Uint8Array, cpuFree: number, memoryFree: number, customFree: Amounts): void {
    this.gpus = gpuFree.length;
    this.#order = null;
    for (let gpu = 0; gpu < this.gpus; gpu += 1) {
      this.gpuLeft[gpu] = gpuFree[gpu] ?? 0;
      this.migTaken[gpu] = migTaken[gpu] ?? 0;
    }
    this.cpuLeft = cpuFree;
    this.memoryLeft = memoryFree;
    this.customLeft = customFree;
  }

  /** Adds what a claim gives back. */
  giveBack({ pieces, cpuMillis, memory, custom }: Claim): void {
    for (const piece of pieces) {
      this.gpuLeft[piece.index] = (this.gpuLeft[piece.index] ?? 0) + piece.millis;
      if (piece.slice !== undefined) {
        this.migTaken[piece.index] = (this.migTaken[piece.index] ?? 0) & ~sliceMask(piece.millis, piece.slice);
      }
    }
    this.cpuLeft += cpuMillis;
    this.memoryLeft += memory;
    if (custom !== undefined) this.customLeft = combine(this.customLeft, custom, (left, amount) => left + amount);
  }

  /**
   * Starts from an empty node and takes what the claims hold at the worst moment from `start` on.
   *
   * Use is highest where something begins, so the start and every beginning after it are enough.
   */
  fill(node: EngineNode, claims: readonly Claim[], start: number): void {
    this.gpus = node.gpus;
    this.#order = null;
    this.gpuLeft.fill(wholeGpu, 0, node.gpus);
    this.migTaken.fill(0, 0, node.gpus);
    this.cpuLeft = node.cpuMillis;
    this.memoryLeft = node.memory;
    this.customLeft = node.custom ?? {};
    if (claims.length < sweptFrom || claims.some((claim) => claim.custom !== undefined)) {
      this.#look(node, claims, start);
      for (const claim of claims) if (claim.start > start) this.#look(node, claims, claim.start);
    } else this.#sweep(node, claims, start);
    if (node.isMig !== true) return;
    for (const { pieces } of claims) {
      for (const { index, millis, slice } of pieces) {
        if (slice !== undefined) this.migTaken[index] = (this.migTaken[index] ?? 0) | sliceMask(millis, slice);
      }
    }
  }

  /** As looks at every beginning, for claims without custom resources that all end after `start`. */
  #sweep(node: EngineNode, claims: readonly Claim[], start: number): void {
    const use = this.#use;
    use.fill(0, 0, node.gpus);
    let cpu = 0;
    let memory = 0;
    const ends = claims.toSorted(byEnd);
    let ended = 0;
    for (const claim of claims.toSorted(byStart)) {
      const at = Math.max(start, claim.start);
      for (let gone = ends[ended]; gone !== undefined && gone.end <= at; gone = ends[ended]) {
        for (const { index, millis } of gone.pieces) use[index] = (use[index] ?? 0) - millis;
        cpu -= gone.cpuMillis;
        memory -= gone.memory;
        ended += 1;
      }
      for (const { index, millis } of claim.pieces) {
        const used = (use[index] ?? 0) + millis;
        use[index] = used;
        if (wholeGpu - used < (this.gpuLeft[index] ?? 0)) this.gpuLeft[index] = wholeGpu - used;
      }
      cpu += claim.cpuMillis;
      memory += claim.memory;
      this.cpuLeft = Math.min(this.cpuLeft, node.cpuMillis - cpu);
      this.memoryLeft = Math.min(this.memoryLeft, node.memory - memory);
    }
  }

  #look(node: EngineNode, claims: readonly Claim[], at: number): void {
    const use = this.#use;
    for (let gpu = 0; gpu < node.gpus; gpu += 1) use[gpu] = 0;
    let cpu = 0;
    let memory = 0;
    let custom: Amounts | null = null;
    for (const claim of claims) {
      if (claim.start > at || claim.end <= at) continue;
      for (const piece of claim.pieces) use[piece.index] = (use[piece.index] ?? 0) + piece.millis;
      cpu += claim.cpuMillis;
      memory += claim.memory;
      if (claim.custom !== undefined) custom = combine(custom ?? {}, claim.custom, (sum, amount) => sum + amount);
    }
    for (let gpu = 0; gpu < node.gpus; gpu += 1) {
      const left = wholeGpu - (use[gpu] ?? 0);
      if (left < (this.gpuLeft[gpu] ?? 0)) this.gpuLeft[gpu] = left;
    }
    this.cpuLeft = Math.min(this.cpuLeft, node.cpuMillis - cpu);
    this.memoryLeft = Math.min(this.memoryLeft, node.memory - memory);
    if (custom !== null) {
      const whole = node.custom ?? {};
      this.customLeft = combine(this.customLeft, custom, (left, used, name) =>
        Math.min(left, (whole[name] ?? 0) - used),
      );
    }
  }

  /** Whether more is taken than there is. */
  isBelowZero(): boolean {
    for (let gpu = 0; gpu < this.gpus; gpu += 1) if ((this.gpuLeft[gpu] ?? 0) < 0) return true;
    if (this.cpuLeft < -slack || this.memoryLeft < -slack) return true;
    return Object.values(this.customLeft).some((left) => left < -slack);
  }

  /** How many members fit. */
  slots(shape: Shape): number {
    let slots = this.#gpuSlots(shape);
    if (slots === 0) return 0;
    if (shape.cpuMillis > 0) slots = Math.min(slots, Math.floor((this.cpuLeft + slack) / shape.cpuMillis));
    if (shape.memory > 0) slots = Math.min(slots, Math.floor((this.memoryLeft + slack) / shape.memory));
    if (shape.custom !== undefined) {
      for (const [name, asked] of Object.entries(shape.custom)) {
        if (asked > 0) slots = Math.min(slots, Math.floor(((this.customLeft[name] ?? 0) + slack) / asked));
      }
    }
    return Math.max(0, slots);
  }

  #gpuSlots({ gpu }: Shape): number {
    const { gpuLeft, gpus } = this;
    switch (gpu.kind) {
      case "none":
        return slotsWithoutGpusMax;
      case "whole": {
        let whole = 0;
        for (let index = 0; index < gpus; index += 1) if (gpuLeft[index] === wholeGpu) whole += 1;
        return Math.floor(whole / gpu.count);
      }
      case "share": {
        let slots = 0;
        for (let index = 0; index < gpus; index += 1)
          slots += Math.max(0, Math.floor((gpuLeft[index] ?? 0) / gpu.millis));
        return slots;
      }
      case "mig":
        return this.#migSlots(gpu.profile);
    }
  }

  #migSlots(profile: string): number {
    let slots = 0;
    for (let index = 0; index < this.gpus; index += 1) {
      let taken = this.migTaken[index] ?? 0;
      for (let start = findMigStart(profile, taken); start !== -1; start = findMigStart(profile, taken)) {
        taken |= migMask(profile, start);
        slots += 1;
      }
    }
    return slots;
  }

  /** Sets the order in which GPUs are taken, until the room is filled anew. */
  rank(order: readonly number[] | null): void {
    this.#order = order;
  }

  /** Takes one member's pieces out of the room; null when there is none. CPUs and memory are the caller's to check. */
  take(shape: Shape, gpuModel: string): readonly GpuPiece[] | null {
    const { gpu } = shape;
    switch (gpu.kind) {
      case "none":
        return [];
      case "whole":
        return this.#takeWhole(gpu.count);
      case "share":
        return this.chooseShare === null
          ? this.#takeShare(gpu.millis)
          : this.#takeChosen(this.chooseShare, shape, gpu.millis, gpuModel);
      case "mig":
        return this.#takeMig(gpu.profile);
    }
  }

  /** Takes a member with given pieces, whether or not there is room: `isBelowZero` tells. */
  takeExactly(shape: Shape, pieces: readonly GpuPiece[]): void {
    for (const { index, millis, slice } of pieces) {
      this.gpuLeft[index] = (this.gpuLeft[index] ?? 0) - millis;
      if (slice === undefined) continue;
      const mask = sliceMask(millis, slice);
      if (((this.migTaken[index] ?? 0) & mask) !== 0) this.gpuLeft[index] = -1;
      this.migTaken[index] = (this.migTaken[index] ?? 0) | mask;
    }
    this.cpuLeft -= shape.cpuMillis;
    this.memoryLeft -= shape.memory;
    if (shape.custom !== undefined)
      this.customLeft = combine(this.customLeft, shape.custom, (left, asked) => left - asked);
  }

  #takeWhole(count: number): readonly GpuPiece[] | null {
    const pieces: GpuPiece[] = [];
    for (let place = 0; place < this.gpus && pieces.length < count; place += 1) {
      const index = this.#order?.[place] ?? place;
      if (this.gpuLeft[index] === wholeGpu) pieces.push({ index, millis: wholeGpu });
    }
    if (pieces.length < count) return null;
    for (const piece of pieces) this.gpuLeft[piece.index] = 0;
    return pieces;
  }

  #takeChosen(choose: ChooseGpus, shape: Shape, millis: number, gpuModel: string): readonly GpuPiece[] | null {
    const node: NodeCapacity = {
      gpuModel,
      cpuMillis: this.cpuLeft,
      memory: this.memoryLeft,
      gpuMillis: this.gpuLeft,
      gpuOffset: 0,
      gpuCount: this.gpus,
      taskKinds: 0,
    };
    if (this.gpus > measuredGpusMax || choose(node, toTask(shape), this.#chosen) === 0) return this.#takeShare(millis);
    const index = this.#chosen[0] ?? 0;
    this.gpuLeft[index] = (this.gpuLeft[index] ?? 0) - millis;
    return [{ index, millis }];
  }

  /** Takes from the smallest remainder that is large enough: wide remainders stay for wide shares. */
  #takeShare(millis: number): readonly GpuPiece[] | null {
    let best = -1;
    for (let index = 0; index < this.gpus; index += 1) {
      const left = this.gpuLeft[index] ?? 0;
      if (left >= millis && (best === -1 || left < (this.gpuLeft[best] ?? 0))) best = index;
    }
    if (best === -1) return null;
    this.gpuLeft[best] = (this.gpuLeft[best] ?? 0) - millis;
    return [{ index: best, millis }];
  }

  #takeMig(profile: string): readonly GpuPiece[] | null {
    for (let index = 0; index < this.gpus; index += 1) {
      const taken = this.migTaken[index] ?? 0;
      const start = findMigStart(profile, taken);
      if (start === -1) continue;
      this.migTaken[index] = taken | migMask(profile, start);
      return [{ index, millis: migMillis(profile), slice: start }];
    }
    return null;
  }
}

const byStart = (left: Claim, right: Claim): number => left.start - right.start;
const byEnd = (left: Claim, right: Claim): number => left.end - right.end;

function combine(left: Amounts, right: Amounts, apply: (left: number, right: number, name: string) => number): Amounts {
  const result: Record<string, number> = { ...left };
  for (const [name, amount] of Object.entries(right)) result[name] = apply(result[name] ?? 0, amount, name);
  return result;
}
