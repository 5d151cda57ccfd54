import { Fault } from "../base/fault.ts";
import type { Accelerator, Precision } from "./catalog/accelerator.ts";

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

/** What stands in when a model is served from weights in a format that the accelerator does not multiply in, in words. */
export function formatFallbacks(accelerator: Accelerator, precision: Precision): readonly string[] {
  if (multipliesIn(accelerator, precision)) return [];
  return [
    `${accelerator.name} does not multiply in ${precision}: weights are stored so and products made in a wider format`,
  ];
}
