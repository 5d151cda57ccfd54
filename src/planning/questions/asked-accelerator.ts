import type { Accelerator } from "../catalog/accelerator.ts";
import type { Resolved } from "../catalog/fallback.ts";
import { parseAccelerators } from "../catalog/own-accelerator.ts";
import { resolveAccelerator } from "../catalog/resolve-accelerator.ts";

/** How a question names its accelerator. */
export interface AskedAccelerator {
  readonly accelerator: string;
  readonly ownAccelerators?: unknown;
}

/**
 * The accelerator that a question names: one of its own, of the catalog, or the nearest relative, with the fallback named.
 *
 * @throws {Fault} `planning.accelerator-unknown` or `planning.catalog-invalid`.
 */
export function askedAccelerator(question: AskedAccelerator): Resolved<Accelerator> {
  return resolveAccelerator(question.accelerator, parseAccelerators(question.ownAccelerators ?? []));
}
