import type { ModelShape } from "./model-shape.ts";

/** How a shape of the catalog stands for layers that it cannot say, in words (what follows a semicolon in its source); undefined where it is exact. */
export function approximationOf({ source }: Pick<ModelShape, "source">): string | undefined {
  return source.split("; ")[1];
}

/** What to beware of when a model's shape is an approximation; undefined where it is none. */
export function approximationCaution(shape: ModelShape): string | undefined {
  const how = approximationOf(shape);
  return how === undefined
    ? undefined
    : `the shape of ${shape.name} is an approximation (${how}): its times and memory are less sure than the errors say`;
}
