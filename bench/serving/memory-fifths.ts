import { median } from "../benchmark.ts";
import type { GatewayMemory, ProcessMemory } from "./gateway-memory.ts";

const parts = 5;

/** Medians of one fifth of a run, MiB. */
interface Fifth {
  readonly gateway: number;
  readonly host: Readonly<Record<keyof ProcessMemory, number>>;
  readonly workers: Readonly<Record<keyof ProcessMemory, number>>;
}

/** How what a gateway holds went over a run. */
export interface MemoryCourse {
  readonly fifths: readonly Fifth[];
  readonly leastMiB: number;
  readonly mostMiB: number;
  /** From the median of what is resident in the first fifth to that in the last, percent. */
  readonly growthPercent: { readonly gateway: number; readonly host: number; readonly workers: number };
}

/**
 * Tells how memory went from looks at even distances. What is resident rises and falls with V8's collections: medians of fifths of
 * the run are held against each other.
 *
 * @throws {RangeError} with less than one look a fifth.
 */
export function courseOf(looks: readonly GatewayMemory[]): MemoryCourse {
  if (looks.length < parts) throw new RangeError(`fifths want ${parts} looks or more, found ${looks.length}`);
  const resident = ({ host, workers }: GatewayMemory): number => host.resident + workers.resident;
  const fifths = Array.from({ length: parts }, (_, part) => {
    const inside = looks.slice((looks.length * part) / parts, (looks.length * (part + 1)) / parts);
    return {
      gateway: mebibytes(median(inside.map(resident))),
      host: mediansOf(inside.map((look) => look.host)),
      workers: mediansOf(inside.map((look) => look.workers)),
    };
  });
  const growth = (of: (fifth: Fifth) => number): number => {
    const [first, last] = [fifths.at(0), fifths.at(-1)];
    return first === undefined || last === undefined ? 0 : Math.round((of(last) / of(first) - 1) * 1_000) / 10;
  };
  return {
    fifths,
    leastMiB: mebibytes(Math.min(...looks.map(resident))),
    mostMiB: mebibytes(Math.max(...looks.map(resident))),
    growthPercent: {
      gateway: growth(({ gateway }) => gateway),
      host: growth(({ host }) => host.resident),
      workers: growth(({ workers }) => workers.resident),
    },
  };
}

function mediansOf(looks: readonly ProcessMemory[]): Fifth["host"] {
  const of = (part: keyof ProcessMemory): number => mebibytes(median(looks.map((look) => look[part])));
  return { resident: of("resident"), heap: of("heap"), external: of("external"), other: of("other") };
}

/** In MiB, to one decimal. */
export function mebibytes(bytes: number): number {
  return Math.round((bytes / 1_048_576) * 10) / 10;
}
