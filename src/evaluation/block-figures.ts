import type { PreparedScores } from "./prepare-scores.ts";
import type { Figures } from "./weighted-figures.ts";

/** The most blocks that rows may fall into; the sums need this number squared. */
export const blocksMax = 512;

/** What each block of rows adds to the figures; enough to weigh the blocks without the rows. */
export interface BlockSums {
  readonly blocks: number;
  /** Shape [blocks] each. */
  readonly rows: Float64Array;
  readonly positives: Float64Array;
  readonly losses: Float64Array;
  readonly squares: Float64Array;
  /** Predicted minus observed of each calibration bin in each block; shape [bins][blocks]. */
  readonly excess: readonly Float64Array[];
  /** How often a positive of block b scores above a negative of block c, ties counting half; shape [blocks * blocks]. */
  readonly wins: Float64Array;
}

/**
 * Sums up the rows of each block, and wins of positives over negatives for each pair of blocks, in one pass.
 *
 * AUC is a sum over pairs of rows, so with blocks weighed as wholes it is a quadratic form of the blocks' weights;
 * the other figures are linear in them. Cost: positives × blocks.
 *
 * @param blockOfRow by row number, 0 to blocks - 1; shape [rows].
 * @throws {RangeError} for more than `blocksMax` blocks.
 */
export function sumByBlock(prepared: PreparedScores, blockOfRow: Uint32Array, blocks: number): BlockSums {
  if (blocks > blocksMax) throw new RangeError(`wanted at most ${blocksMax} blocks, found ${blocks}`);
  const zeros = (): Float64Array => new Float64Array(blocks);
  const sums = { rows: zeros(), positives: zeros(), losses: zeros(), squares: zeros() };
  const { order, scores, labels, losses, binEnds } = prepared;
  const excess: Float64Array[] = [];
  let place = 0;
  for (const end of binEnds) {
    const bin = zeros();
    for (; place < end; place += 1) {
      const block = blockOfRow[order[place] ?? 0] ?? 0;
      const score = scores[place] ?? 0;
      const label = labels[place] ?? 0;
      add(sums.rows, block, 1);
      add(sums.positives, block, label);
      add(sums.losses, block, losses[place] ?? 0);
      add(sums.squares, block, (score - label) * (score - label));
      add(bin, block, score - label);
    }
    excess.push(bin);
  }
  return { blocks, ...sums, excess, wins: countWins(prepared, blockOfRow, blocks) };
}

/** The figures when block b counts `weights[b]` times; the same numbers as weighing every row so. */
export function blockFigures(sums: BlockSums, weights: Uint8Array): Figures {
  const { blocks, wins } = sums;
  const positives = weigh(sums.positives, weights);
  const rows = weigh(sums.rows, weights);
  let area = 0;
  for (let block = 0; block < blocks; block += 1) {
    const weight = weights[block] ?? 0;
    if (weight > 0) area += weight * weigh(wins.subarray(block * blocks, (block + 1) * blocks), weights);
  }
  return {
    auc: area / (positives * (rows - positives)),
    "log-loss": weigh(sums.losses, weights) / rows,
    brier: weigh(sums.squares, weights) / rows,
    calibration: sums.excess.reduce((sum, bin) => sum + Math.abs(weigh(bin, weights)), 0) / rows,
  };
}

function countWins(prepared: PreparedScores, blockOfRow: Uint32Array, blocks: number): Float64Array {
  const { order, labels, isTieEnd } = prepared;
  const wins = new Float64Array(blocks * blocks);
  const below = new Float64Array(blocks);
  let start = 0;
  for (let end = 1; end <= order.length; end += 1) {
    if (isTieEnd[end - 1] === 0) continue;
    // Negatives of a group of equal scores count half for its positives: add one half before them and one after.
    addHalves(below, prepared, blockOfRow, start, end);
    for (let place = start; place < end; place += 1) {
      if (labels[place] === 1) addInto(wins, (blockOfRow[order[place] ?? 0] ?? 0) * blocks, below);
    }
    addHalves(below, prepared, blockOfRow, start, end);
    start = end;
  }
  return wins;
}

function addHalves(
  below: Float64Array,
  { order, labels }: PreparedScores,
  blockOfRow: Uint32Array,
  start: number,
  end: number,
): void {
  for (let place = start; place < end; place += 1) {
    if (labels[place] === 0) add(below, blockOfRow[order[place] ?? 0] ?? 0, 0.5);
  }
}

function add(sums: Float64Array, index: number, value: number): void {
  sums[index] = (sums[index] ?? 0) + value;
}

function addInto(target: Float64Array, offset: number, values: Float64Array): void {
  for (let index = 0; index < values.length; index += 1) {
    target[offset + index] = (target[offset + index] ?? 0) + (values[index] ?? 0);
  }
}

function weigh(sums: Float64Array, weights: Uint8Array): number {
  let total = 0;
  for (let index = 0; index < sums.length; index += 1) total += (sums[index] ?? 0) * (weights[index] ?? 0);
  return total;
}
