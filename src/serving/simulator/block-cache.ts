/**
 * The KV cache of a simulated engine: blocks that requests share by their hashes, and blocks of their own.
 *
 * Blocks in use are pinned. Idle ones stay until room is needed; the one that was idle longest is evicted first, and of one prompt the
 * last block first, as vLLM does.
 */
export class BlockCache {
  readonly #capacity: number;
  /** How many requests use each block that is in the cache. */
  readonly #users = new Map<number, number>();
  /** Blocks that nobody uses, the one idle longest first. */
  readonly #idle = new Set<number>();
  #ownBlocks = 0;
  #evicted: number[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Part of the cache that running requests hold, 0 to 1. */
  get usage(): number {
    return (this.#users.size - this.#idle.size + this.#ownBlocks) / this.#capacity;
  }

  /** Leading blocks of a prompt that are in the cache. */
  depthOf(blocks: readonly number[]): number {
    let depth = 0;
    while (depth < blocks.length && this.#users.has(blocks[depth] ?? 0)) depth += 1;
    return depth;
  }

  /** Pins a prompt and room for blocks of its own. @returns false when running requests hold too much for it. */
  pin(blocks: readonly number[], own: number): boolean {
    let missing = own;
    let idleHits = 0;
    for (const block of blocks) {
      if (!this.#users.has(block)) missing += 1;
      else if (this.#idle.has(block)) idleHits += 1;
    }
    const free = this.#capacity - this.#users.size - this.#ownBlocks;
    if (missing > free + this.#idle.size - idleHits) return false;
    for (const block of blocks) this.#use(block);
    this.#ownBlocks += own;
    this.#evictOverflow();
    return true;
  }

  /** Lets go of a prompt; what was written behind it stays under these hashes as far as room of its own was taken. */
  release(blocks: readonly number[], own: number, written: readonly number[]): void {
    this.#ownBlocks -= own;
    for (const block of written.slice(0, own)) if (!this.#users.has(block)) this.#users.set(block, 0);
    for (let place = Math.min(own, written.length) - 1; place >= 0; place -= 1) {
      const block = written[place] ?? 0;
      if (this.#users.get(block) === 0) this.#idle.add(block);
    }
    for (let place = blocks.length - 1; place >= 0; place -= 1) {
      const block = blocks[place] ?? 0;
      const users = (this.#users.get(block) ?? 1) - 1;
      this.#users.set(block, users);
      if (users === 0) this.#idle.add(block);
    }
    this.#evictOverflow();
  }

  /** Blocks that were evicted since the last call. */
  takeEvicted(): readonly number[] {
    const evicted = this.#evicted;
    this.#evicted = [];
    return evicted;
  }

  #use(block: number): void {
    const users = this.#users.get(block);
    this.#users.set(block, (users ?? 0) + 1);
    if (users === 0) this.#idle.delete(block);
  }

  #evictOverflow(): void {
    for (const block of this.#idle) {
      if (this.#users.size + this.#ownBlocks <= this.#capacity) return;
      this.#idle.delete(block);
      this.#users.delete(block);
      this.#evicted.push(block);
    }
  }
}
