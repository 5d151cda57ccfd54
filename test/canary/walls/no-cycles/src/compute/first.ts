import { second } from "./second.ts"; // breaks: no-cycles

/** One. */
export const first = (): unknown => second;
