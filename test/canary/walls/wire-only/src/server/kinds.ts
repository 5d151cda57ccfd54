import type { Node } from "../compute/model.ts";
import { place } from "../compute/place.ts"; // breaks: wire-only

/** What the command line knows of every kind. */
export const kinds = (node: Node): unknown => [node, place];
