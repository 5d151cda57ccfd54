/** Bytes of a prompt that make one block: some 64 tokens of English text. */
export const blockBytes = 256;

/** Blocks of a prompt that are hashed, 128 KB; what follows cannot change where a prompt is cached best. */
const blocksMax = 512;

/** One 32-bit value for what separates caches: engines share no blocks between models, adapters or tenants. */
export function cacheSalt(model: string, adapter: string | null, tenant: string): number {
  let hash = 0x2f0b4a27;
  for (const part of [model, adapter ?? "", tenant]) {
    hash = mix(hash, part.length);
    for (let index = 0; index < part.length; index += 1) hash = mix(hash, part.charCodeAt(index));
  }
  return finish(hash);
}

/**
 * Chained hashes of the whole blocks of a prompt: the hash of a block stands for all bytes up to its end.
 *
 * Two prompts that begin alike have equal hashes up to the last block that they share. The bytes are those of the messages in
 * their order, so that a chat that grows keeps the hashes of its beginning. A rest that fills no block has no hash.
 * Source of the mixing: MurmurHash3 x86 32 (A. Appleby), on two lanes. Not for secrets: whoever finds two prompts with one hash gains
 * a worse place, not another's cache.
 *
 * @returns signed 32-bit numbers, at most 512; about 1 µs per 4 KB.
 */
export function hashBlocks(bytes: Uint8Array, salt: number): readonly number[] {
  const count = Math.min(blocksMax, Math.floor(bytes.length / blockBytes));
  const hashes = new Array<number>(count).fill(0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let chain = salt | 0;
  for (let block = 0; block < count; block += 1) {
    chain = hashBlock(view, block * blockBytes, chain);
    hashes[block] = chain;
  }
  return hashes;
}

function hashBlock(view: DataView, start: number, chain: number): number {
  let left = chain;
  let right = chain ^ 0x9e3779b9;
  const end = start + blockBytes;
  for (let at = start; at < end; at += 8) {
    left = mix(left, view.getInt32(at, true));
    right = mix(right, view.getInt32(at + 4, true));
  }
  return finish(mix(left, right));
}

function mix(hash: number, word: number): number {
  const scrambled = Math.imul(word, 0xcc9e2d51);
  const turned = hash ^ Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593);
  return (Math.imul((turned << 13) | (turned >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number): number {
  const first = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return second ^ (second >>> 16);
}
