import { self as other } from "./self.ts"; // breaks: no-cycles

/** Itself. */
export const self = (): unknown => other;
