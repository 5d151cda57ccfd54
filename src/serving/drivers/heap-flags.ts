/*
 * How V8 keeps the heaps of the gateway's processes. Left to itself, it lets the young heap grow whenever much of it survives, and the
 * old heap by a factor that it reckons anew from its own speed after every full collection, between 1.1 and 4: nothing leaked, yet
 * what was resident climbed for hundreds of thousands of requests, with garbage that no collection had come for. With these a worker
 * has its full size after some 100,000 requests. They stand on the command line, where they outrank what NODE_OPTIONS says.
 */

/** The old heap may double before it is collected; its floor and the number of live bytes stay what they are. */
const doublingHeap = "--heap-growing-percent=100";

/** The young heap has one size from the start on: no step up under the first load that is like no other before. */
function youngHeap(mebibytes: number): readonly string[] {
  return [`--min-semi-space-size=${mebibytes}`, `--max-semi-space-size=${mebibytes}`];
}

/**
 * Flags of a worker. The size of the young heap is what a worker of some thousand requests a second came to by itself; with half of it
 * memory is 7 % less, and a request costs 1 % more.
 */
export const workerHeapFlags: readonly string[] = [...youngHeap(32), doublingHeap];

/** Flags of the host, which hands connections over and carries messages: little is young in it at a time. */
export const hostHeapFlags: readonly string[] = [...youngHeap(4), doublingHeap];

/**
 * From this size on, malloc takes pages of their own for a buffer, and gives them back when it is freed. By itself it would raise the
 * bound to the largest buffer ever freed, 32 MiB at the most, and keep what long bodies had taken for good.
 */
export const workerMalloc: Readonly<Record<string, string>> = { MALLOC_MMAP_THRESHOLD_: String(128 * 1024) };
