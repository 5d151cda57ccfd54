import { type AcceleratorLine, lineOfAccelerator } from "./accelerator-line.ts";
import type { Accelerator } from "./accelerator.ts";
import { likenessOf } from "./suggest-names.ts";

/**
 * The accelerator that stands in for one of a line that the catalog does not have: of its family, the nearest by number, then
 * of the same letters, then the most alike by name.
 *
 * @param known what may stand in; at least one must be of the line's family.
 */
export function lineFallback(name: string, line: AcceleratorLine, known: readonly Accelerator[]): Accelerator {
  const distance = (each: Accelerator): number => {
    const own = lineOfAccelerator(each.name);
    return own?.family === line.family ? Math.abs(Math.log(own.number / line.number)) : Number.POSITIVE_INFINITY;
  };
  const strange = (each: Accelerator): number => (lineOfAccelerator(each.name)?.letters === line.letters ? 0 : 1);
  const likeness = (each: Accelerator): number => likenessOf(name.toLowerCase(), each.name.toLowerCase());
  const [nearest] = known
    .filter((each) => each.family === line.family)
    .toSorted(
      (left, right) =>
        compare(distance(left), distance(right)) || strange(left) - strange(right) || likeness(right) - likeness(left),
    );
  if (nearest === undefined) throw new RangeError(`no accelerator of the family ${line.family} is known`);
  return nearest;
}

/** Orders distances, of which some are infinite. */
const compare = (left: number, right: number): number => (left === right ? 0 : left < right ? -1 : 1);
