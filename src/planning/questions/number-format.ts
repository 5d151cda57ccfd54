import { Fault } from "../../base/fault.ts";
import { type Accelerator, isWeightOnly, type Precision, type WeightFormat } from "../catalog/accelerator.ts";

/** Whether an accelerator multiplies in a number format. */
function multipliesIn({ fp8Tflops, fp4Tflops }: Accelerator, precision: Precision): boolean {
  return precision === "bf16" || (precision === "fp8" ? fp8Tflops : fp4Tflops) !== undefined;
}

/**
 * Refuses to train in a number format that the accelerator does not multiply in.
 *
 * @throws {Fault} `planning.layout-impossible`.
 */
export function requireFormat(accelerator: Accelerator, precision: Precision): void {
  if (multipliesIn(accelerator, precision)) return;
  const known = (["bf16", "fp8", "fp4"] as const).filter((each) => multipliesIn(accelerator, each)).join(" or ");
  const message = `${accelerator.name} does not multiply in ${precision}; train in ${known}, or on another accelerator`;
  throw new Fault("planning.layout-impossible", message, { details: { path: "precision" } });
}

/**
 * What stands in, in words, when a model is served from weights in a format that the accelerator does not multiply in, or that
 * nobody measured a serving with.
 */
export function formatFallbacks(accelerator: Accelerator, format: WeightFormat): readonly string[] {
  if (isWeightOnly(format)) {
    const integers =
      format === "int8" ? "; products of 8-bit integers (w8a8) would halve the time of a prompt at best" : "";
    const how = `they are read in ${format} and multiplied in 16 bits, with the kernels of 16-bit products${integers}`;
    return [`no serving with ${format} weights was measured: ${how}`];
  }
  if (multipliesIn(accelerator, format)) return [];
  return [
    `${accelerator.name} does not multiply in ${format}: weights are stored so and products made in a wider format`,
  ];
}
