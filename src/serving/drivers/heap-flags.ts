/*
 * How V8 keeps the heaps of the gateway's processes. Left to itself, it lets the young heap grow whenever much of it survives, and the
 * old heap by a factor that it reckons anew from its own speed after every full collection, between 1.1 and 4. Nothing leaked, yet
 * what was resident climbed in steps for hundreds of thousands of requests: garbage that no collection had come for. The flags stand
 * on the command line, where they outrank what NODE_OPTIONS says of the same. What they cost and gain: docs/benchmarks/gateway.md.
 */

/**
 * The old heap may grow by a quarter before it is collected, by 8 MiB at the least: what waits there to be collected stays small next
 * to what is alive. Little gets that far, so that full collections stay rare.
 */
const growsByQuarter = "--heap-growing-percent=25";

/** The young heap has one size from the start on: no step up under the first load that is like no other before. */
function youngHeap(mebibytes: number): readonly string[] {
  return [`--min-semi-space-size=${mebibytes}`, `--max-semi-space-size=${mebibytes}`];
}

/**
 * Flags of a worker. Requests die within the young heap, which fills several times a second under load: with half of it, what 1,000
 * callers have under way outlives two collections and ends in the old heap, a third more CPU for each request.
 */
export const workerHeapFlags: readonly string[] = [...youngHeap(32), growsByQuarter];

/** Flags of the host, which hands connections over and carries messages: little is young in it at a time. */
export const hostHeapFlags: readonly string[] = [...youngHeap(2), growsByQuarter];

/**
 * From this size on, malloc takes pages of their own for a buffer, and gives them back when it is freed. By itself it would raise the
 * bound to the largest buffer ever freed, 32 MiB at the most, and keep what long bodies had taken for good.
 */
export const workerMalloc: Readonly<Record<string, string>> = { MALLOC_MMAP_THRESHOLD_: String(128 * 1024) };
