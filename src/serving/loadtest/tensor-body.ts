import { Fault } from "../../base/fault.ts";
import { type Random, seededRandom } from "../../base/random.ts";

/** What the metadata of a model of the Open Inference Protocol v2 says of one input. */
export interface TensorInput {
  readonly name: string;
  readonly datatype: string;
  /** -1 where any length is taken. */
  readonly shape: readonly number[];
}

/** Elements of one input beyond this are refused: a request of such a size is no test of a server. */
const elementsMax = 4_194_304;

/**
 * A request that a model takes, made from its metadata: as many rows as are asked for where the first axis is open, 1 where another one
 * is; numbers are drawn, texts are all "a".
 *
 * @throws {Fault} `serving.request-invalid` when it would have too many elements.
 */
export function tensorBody(inputs: readonly TensorInput[], rows: number, seed: number): { readonly inputs: unknown } {
  const random = seededRandom(seed);
  return {
    inputs: inputs.map(({ name, datatype, shape }) => {
      const sizes = shape.map((size, axis) => (size >= 0 ? size : axis === 0 ? rows : 1));
      const count = sizes.reduce((product, size) => product * size, 1);
      if (count > elementsMax) {
        throw new Fault(
          "serving.request-invalid",
          `input ${name} would have ${count} elements; ${elementsMax} at most`,
        );
      }
      return { name, datatype, shape: sizes, data: Array.from({ length: count }, () => element(datatype, random)) };
    }),
  };
}

function element(datatype: string, random: Random): string | number | boolean {
  if (datatype === "BYTES") return "a";
  if (datatype === "BOOL") return random.next() < 0.5;
  if (/^U?INT/.test(datatype)) return Math.floor(random.next() * 8);
  return Math.round(random.next() * 1000) / 1000;
}
