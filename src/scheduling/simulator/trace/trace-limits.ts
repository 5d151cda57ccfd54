import type { NumberRange } from "./row-reader.ts";

/** The longest time in a trace: some 31 years. */
export const secondsMax = 1e9;

/** What a time or a span of time in seconds may be. */
export const anySeconds = { min: 0, max: secondsMax } as const satisfies NumberRange;

/** What a span that must not be empty may be, in seconds. */
export const someSeconds = { min: 0.001, max: secondsMax } as const satisfies NumberRange;

/** Members of one workload. */
export const membersRange = { min: 1, max: 100_000, isWhole: true } as const satisfies NumberRange;

/** GPUs of one member. */
export const gpusRange = { min: 0, max: 1024, isWhole: true } as const satisfies NumberRange;

/** CPUs of one member. */
export const cpusRange = { min: 0, max: 65_536 } as const satisfies NumberRange;
