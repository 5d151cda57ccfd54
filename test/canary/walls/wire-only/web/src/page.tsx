import type { Node } from "../../src/compute/model.ts";
import { place } from "../../src/compute/place.ts"; // breaks: wire-only

/** Decides in the browser. */
export const Page = ({ node }: { readonly node: Node }) => <p>{node.id + place()}</p>;
