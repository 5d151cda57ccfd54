/** Interruptions of a training job by one kind of component. */
export interface ComponentRate {
  readonly component: string;
  /** Interruptions in a million GPU-hours. */
  readonly perMillionGpuHours: number;
  /** Whether the part is replaced, so that a spare of it is kept. */
  readonly isReplaced: boolean;
}

/** Llama-3 pre-training: 16,384 H100 for 54 days (arXiv 2407.21783, table 5; 419 unexpected interruptions). */
const observedGpuHours = 16_384 * 54 * 24;

const observed: readonly (readonly [component: string, interruptions: number, isReplaced: boolean])[] = [
  ["GPU", 148, true],
  ["GPU memory", 72, true],
  ["software", 54, false],
  ["network switch or cable", 35, true],
  ["host maintenance", 32, false],
  ["GPU SRAM", 19, true],
  ["GPU system processor", 17, true],
  ["network card", 7, true],
  ["communication library timeout", 7, false],
  ["silent data corruption", 6, true],
  ["GPU thermal interface or sensor", 6, true],
  ["SSD", 3, true],
  ["power supply", 3, true],
  ["server chassis", 2, true],
  ["I/O board", 2, true],
  ["dependency", 2, false],
  ["CPU", 2, true],
  ["system memory", 2, true],
];

/** Interruptions by component, from the largest published run; the GPU with its memory makes two thirds. */
export const componentRates: readonly ComponentRate[] = observed.map(([component, interruptions, isReplaced]) => ({
  component,
  perMillionGpuHours: (interruptions / observedGpuHours) * 1e6,
  isReplaced,
}));

/** Interruptions of all kinds in one GPU-hour: one in about 50,700. */
export const interruptionsPerGpuHour = componentRates.reduce((sum, each) => sum + each.perMillionGpuHours, 0) / 1e6;
