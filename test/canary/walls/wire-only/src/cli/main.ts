import { place } from "../compute/place.ts"; // breaks: wire-only
import { kinds } from "../server/kinds.ts";
import { span } from "../base/span.ts";
import type { Node } from "../compute/model.ts";
import type { Resource } from "../platform/resource.ts";

/** Decides in the command line. */
export const main = (node: Node, resource: Resource): unknown => [node, kinds, resource, span, place()];

/** Loads the server only when it shall run. */
export const up = (): Promise<unknown> => import("../server/main.ts");

/** Loads a decision of the server. */
export const peek = (): Promise<unknown> => import("../compute/place.ts"); // breaks: wire-only
