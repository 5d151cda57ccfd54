import type { Instant, Millis } from "../../base/clock.ts";
import type { Claim, IsIgnored } from "./claim.ts";
import { type GpuOutlook, gpuOutlook } from "./gpu-outlook.ts";
import type { NodeCapacity } from "../placement/node-capacity.ts";
import { sliceMask } from "./mig-profile.ts";
import { type EngineNode, type GpuPiece, type Shape, wholeGpu } from "./model.ts";
import { type Room, slack } from "./node-room.ts";
import { firstWithAmounts, type UseSteps, sumUse } from "./use-steps.ts";
import { type Span, wholeGpuMoments } from "./whole-gpu-moments.ts";

/** One node: what it has, what runs there, and what is planned there. */
export class NodeState implements NodeCapacity {
  readonly spec: EngineNode;
  /** Its place in the order of its pool. */
  index = 0;
  /** What running members leave of each GPU, in milli-GPUs. */
  readonly gpuFree: Int32Array;
  readonly migTaken: Uint8Array;
  /** GPUs that are wholly free. */
  gpusWhole: number;
  gpuMillisFree: number;
  cpuFree: number;
  memoryFree: number;
  readonly customFree: Record<string, number>;
  // What follows from the claims, until these change.
  #outlook: GpuOutlook | null = null;
  #steps: UseSteps | null = null;
  #runningUntil: Float64Array | null = null;
  readonly running: Claim[] = [];
  /** Planned and reserved claims. */
  readonly future: Claim[] = [];

  constructor(spec: EngineNode) {
    this.spec = spec;
    this.gpuFree = new Int32Array(spec.gpus).fill(wholeGpu);
    this.migTaken = new Uint8Array(spec.gpus);
    this.gpusWhole = spec.gpus;
    this.gpuMillisFree = spec.gpus * wholeGpu;
    this.cpuFree = spec.cpuMillis;
    this.memoryFree = spec.memory;
    this.customFree = { ...spec.custom };
  }

  #outlookNow(): GpuOutlook {
    this.#outlook ??= gpuOutlook(this.spec.gpus, [...this.running, ...this.future]);
    return this.#outlook;
  }

  #noteChange(): void {
    this.#outlook = null;
    this.#steps = null;
    this.#runningUntil = null;
  }

  /** Until when what runs now keeps its GPUs, the GPU that is free first before the others. */
  #runningUntilNow(): Float64Array {
    if (this.#runningUntil !== null) return this.#runningUntil;
    const until = new Float64Array(this.spec.gpus).fill(Number.NEGATIVE_INFINITY);
    for (const { end, pieces } of this.running) {
      for (const { index } of pieces) if (end > (until[index] ?? 0)) until[index] = end;
    }
    this.#runningUntil = until.sort();
    return this.#runningUntil;
  }

  #hasIgnored(isIgnored: IsIgnored): boolean {
    for (const claim of this.future) if (isIgnored(claim)) return true;
    return false;
  }

  /** Reckons a claim to end at another time. */
  setEnd(claim: Claim, end: Instant): void {
    claim.end = end;
    this.#noteChange();
  }

  // What is left, as placement scores read it.
  get gpuModel(): string {
    return this.spec.gpuModel ?? "";
  }
  get cpuMillis(): number {
    return this.cpuFree;
  }
  get memory(): number {
    return this.memoryFree;
  }
  get gpuMillis(): Int32Array {
    return this.gpuFree;
  }
  get gpuCount(): number {
    return this.spec.gpus;
  }
  readonly gpuOffset = 0;
  readonly taskKinds = 0;

  add(claim: Claim): void {
    this.#noteChange();
    if (claim.kind === "running") {
      this.running.push(claim);
      this.#count(claim, -1);
    } else this.future.push(claim);
  }

  remove(claim: Claim): void {
    const list = claim.kind === "running" ? this.running : this.future;
    const at = list.indexOf(claim);
    if (at === -1) return;
    this.#noteChange();
    list.splice(at, 1);
    if (claim.kind === "running") this.#count(claim, 1);
  }

  #count(claim: Claim, sign: 1 | -1): void {
    for (const { index, millis, slice } of claim.pieces) {
      const before = this.gpuFree[index] ?? 0;
      const after = before + sign * millis;
      this.gpuFree[index] = after;
      this.gpuMillisFree += after - before;
      if (before === wholeGpu && after < wholeGpu) this.gpusWhole -= 1;
      if (before < wholeGpu && after === wholeGpu) this.gpusWhole += 1;
      if (slice === undefined) continue;
      const mask = sliceMask(millis, slice);
      const taken = this.migTaken[index] ?? 0;
      this.migTaken[index] = sign === -1 ? taken | mask : taken & ~mask;
    }
    this.cpuFree += sign * claim.cpuMillis;
    this.memoryFree += sign * claim.memory;
    for (const [name, amount] of Object.entries(claim.custom ?? {})) {
      this.customFree[name] = (this.customFree[name] ?? 0) + sign * amount;
    }
  }

  /** Whether the node is ready and takes such members at all. */
  accepts(shape: Shape): boolean {
    return this.spec.state === "ready" && couldHost(shape, this.spec);
  }

  /** How many members fit beside what runs now, whatever is planned. */
  slotsNow(shape: Shape, room: Room): number {
    const { gpu } = shape;
    if (gpu.kind === "whole" && this.gpusWhole < gpu.count) return 0;
    if (!this.accepts(shape)) return 0;
    room.reset(this.gpuFree, this.migTaken, this.cpuFree, this.memoryFree, this.customFree);
    return room.slots(shape);
  }

  /** How many members fit during [start, end) beside all claims that are not ignored. */
  slotsDuring(shape: Shape, start: Instant, end: Instant, isIgnored: IsIgnored, room: Room): number {
    if (!this.accepts(shape)) return 0;
    this.#measure(start, end, isIgnored, room);
    return room.slots(shape);
  }

  /** What is planned here and not ignored: for the many looks of one search. */
  futureBeside(isIgnored: IsIgnored): readonly Claim[] {
    return this.#hasIgnored(isIgnored) ? this.future.filter((claim) => !isIgnored(claim)) : this.future;
  }

  /** How many members fit during [start, end) beside what runs now and these planned claims, on a node that takes them. */
  slotsBeside(shape: Shape, future: readonly Claim[], start: Instant, end: Instant, room: Room): number {
    const { gpu } = shape;
    if (gpu.kind === "whole" && (this.#runningUntilNow()[gpu.count - 1] ?? Number.POSITIVE_INFINITY) > start) return 0;
    const isBusy = future.some((claim) => claim.start < end && claim.end > start);
    if (gpu.kind === "whole" && !isBusy && shape.custom === undefined) return this.#wholeSlots(shape, gpu.count, start);
    this.#measureBeside(start, end, future, room);
    return room.slots(shape);
  }

  /** How many members of whole GPUs fit from `start` on beside what runs now, where nothing is planned. */
  #wholeSlots(shape: Shape, gpusEach: number, start: Instant): number {
    let free = 0;
    for (const until of this.#runningUntilNow()) if (until <= start) free += 1;
    let cpus = this.cpuFree;
    let memory = this.memoryFree;
    for (const claim of this.running) {
      if (claim.end > start) continue;
      cpus += claim.cpuMillis;
      memory += claim.memory;
    }
    let slots = Math.floor(free / gpusEach);
    if (shape.cpuMillis > 0) slots = Math.min(slots, Math.floor((cpus + slack) / shape.cpuMillis));
    if (shape.memory > 0) slots = Math.min(slots, Math.floor((memory + slack) / shape.memory));
    return Math.max(0, slots);
  }

  /**
   * The pieces of `count` members that fit during [start, end).
   *
   * @returns one list of pieces per member, or null when fewer fit.
   */
  choosePieces(
    shape: Shape,
    count: number,
    start: Instant,
    end: Instant,
    isIgnored: IsIgnored,
    room: Room,
  ): readonly (readonly GpuPiece[])[] | null {
    if (this.slotsDuring(shape, start, end, isIgnored, room) < count) return null;
    if (shape.gpu.kind === "whole") room.rank(this.#rankGpus(start, end, isIgnored));
    const members: (readonly GpuPiece[])[] = [];
    for (let member = 0; member < count; member += 1) {
      const pieces = room.take(shape, this.gpuModel);
      if (pieces === null) return null;
      members.push(pieces);
    }
    return members;
  }

  /**
   * The GPUs in the order in which a run of [start, end) takes them: those that are idle shortest before it, then those
   * that are taken soonest after it, so that long stretches stay whole. Null: by index.
   */
  #rankGpus(start: Instant, end: Instant, isIgnored: IsIgnored): readonly number[] | null {
    if (this.future.length === 0 && this.running.every((claim) => claim.start < start && claim.end > start))
      return null;
    const before = new Float64Array(this.spec.gpus).fill(Number.NEGATIVE_INFINITY);
    const after = new Float64Array(this.spec.gpus).fill(Number.POSITIVE_INFINITY);
    for (const claim of [...this.running, ...this.future]) {
      if (claim.kind !== "running" && isIgnored(claim)) continue;
      for (const { index } of claim.pieces) {
        if (claim.end <= start) before[index] = Math.max(before[index] ?? 0, claim.end);
        if (claim.start >= end) after[index] = Math.min(after[index] ?? 0, claim.start);
      }
    }
    return Array.from(before.keys()).sort(
      (left, right) => compare(before[right], before[left]) || compare(after[left], after[right]) || left - right,
    );
  }

  /**
   * Finds the earliest moment in [from, before) at which a member fits for `durationMs`.
   *
   * @returns the moment, or `before` when there is none.
   */
  earliest(
    shape: Shape,
    from: Instant,
    durationMs: Millis,
    before: Instant,
    isIgnored: IsIgnored,
    room: Room,
  ): Instant {
    if (from >= before) return before;
    const hasIgnored = this.#hasIgnored(isIgnored);
    if (shape.gpu.kind === "whole" && !hasIgnored) {
      const { freeForGood, gapMs, firstGapEnd } = this.#outlookNow();
      if (durationMs > gapMs && durationMs > firstGapEnd - from) {
        const at = Math.max(from, freeForGood[shape.gpu.count - 1] ?? before);
        if (at >= before) return before;
        this.#measure(at, at + durationMs, isIgnored, room);
        if (room.slots(shape) > 0) return at;
      }
    }
    const claims: Claim[] = [];
    for (const claim of this.running) if (claim.end > from && !isIgnored(claim)) claims.push(claim);
    for (const claim of this.future) {
      if (claim.end > from && claim.start < before + durationMs && !isIgnored(claim)) claims.push(claim);
    }
    const span = { from, durationMs, before };
    if (shape.gpu.kind !== "whole") {
      if (!hasIgnored) this.#steps ??= sumUse([...this.running, ...this.future]);
      const steps = hasIgnored ? sumUse(claims) : this.#steps;
      return steps === null ? before : this.#earliestWithAmounts(shape, span, claims, steps, room);
    }
    let last = Number.NaN;
    for (const at of wholeGpuMoments(this.spec.gpus, shape.gpu.count, claims, span)) {
      if (at === last) continue;
      last = at;
      this.#measure(at, at + durationMs, isIgnored, room);
      if (room.slots(shape) > 0) return at;
    }
    return before;
  }

  /** The first moment, of those with enough CPUs and memory, at which the rest fits as well. */
  #earliestWithAmounts(shape: Shape, span: Span, claims: readonly Claim[], steps: UseSteps, room: Room): Instant {
    const { durationMs, before } = span;
    for (let { from } = span; from < before; ) {
      const at = firstWithAmounts(steps, this.spec, shape, { from, durationMs, before });
      if (at >= before) return before;
      this.#measureAmong(claims, at, at + durationMs, room);
      if (room.slots(shape) > 0) return at;
      from = before;
      for (const { end } of claims) if (end > at && end < from) from = end;
    }
    return before;
  }

  /** Whether members with exactly these pieces fit during [start, end) beside all claims that are not ignored. */
  fits(
    shape: Shape,
    members: readonly (readonly GpuPiece[])[],
    start: Instant,
    end: Instant,
    isIgnored: IsIgnored,
    room: Room,
  ): boolean {
    if (!this.accepts(shape)) return false;
    this.#measure(start, end, isIgnored, room);
    for (const pieces of members) room.takeExactly(shape, pieces);
    return !room.isBelowZero();
  }

  /**
   * Whether what runs and is planned asks for more than the node has at some moment of [start, end). A reservation asks
   * for nothing: it is there for those who may use it.
   */
  isOvercommitted(start: Instant, end: Instant, room: Room): boolean {
    this.#measure(start, end, ({ kind }) => kind === "reserved", room);
    return room.isBelowZero();
  }

  /** Fills the room with what all claims that are not ignored leave at the worst moment of [start, end). */
  #measure(start: Instant, end: Instant, isIgnored: IsIgnored, room: Room): void {
    const { running, future } = this;
    const isIn = (claim: Claim): boolean => claim.start < end && claim.end > start && !isIgnored(claim);
    if (!future.some(isIn)) {
      room.reset(this.gpuFree, this.migTaken, this.cpuFree, this.memoryFree, this.customFree);
      for (const claim of running) if (claim.end <= start || isIgnored(claim)) room.giveBack(claim);
      return;
    }
    const claims: Claim[] = [];
    for (const claim of running) if (claim.end > start && !isIgnored(claim)) claims.push(claim);
    for (const claim of future) if (isIn(claim)) claims.push(claim);
    room.fill(this.spec, claims, start);
  }

  #measureBeside(start: Instant, end: Instant, future: readonly Claim[], room: Room): void {
    const isIn = (claim: Claim): boolean => claim.start < end && claim.end > start;
    if (future.some(isIn)) {
      const running = this.running.filter((claim) => claim.end > start);
      room.fill(this.spec, [...running, ...future.filter(isIn)], start);
      return;
    }
    room.reset(this.gpuFree, this.migTaken, this.cpuFree, this.memoryFree, this.customFree);
    for (const claim of this.running) if (claim.end <= start) room.giveBack(claim);
  }

  /** As `#measure`, where the claims that are not ignored are known already. */
  #measureAmong(claims: readonly Claim[], start: Instant, end: Instant, room: Room): void {
    room.fill(
      this.spec,
      claims.filter((claim) => claim.start < end && claim.end > start),
      start,
    );
  }
}

/** Infinities of one sign are equal. */
function compare(left = 0, right = 0): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

/** Whether such members could run on such a node if it were empty and ready. */
export function couldHost(shape: Shape, node: EngineNode): boolean {
  const { gpu, gpuModels } = shape;
  if (gpu.kind !== "none") {
    if (node.gpuModel === null) return false;
    if (gpuModels.length > 0 && !gpuModels.includes(node.gpuModel)) return false;
    if ((gpu.kind === "mig") !== (node.isMig === true)) return false;
    if (gpu.kind === "whole" ? gpu.count > node.gpus : node.gpus === 0) return false;
  }
  if (shape.cpuMillis > node.cpuMillis || shape.memory > node.memory) return false;
  for (const [name, amount] of Object.entries(shape.custom ?? {})) {
    if (amount > (node.custom?.[name] ?? 0)) return false;
  }
  for (const [name, value] of Object.entries(shape.nodeLabels ?? {})) if (node.labels?.[name] !== value) return false;
  return (node.taints ?? []).every((taint) => shape.tolerations?.includes(taint) ?? false);
}
