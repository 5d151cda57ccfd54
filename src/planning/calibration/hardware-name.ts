import { findAccelerator, isKnownAccelerator } from "../catalog/find-accelerator.ts";

/**
 * The name under which GPUs of a model are compared: that of the catalog where it knows them. GPUs that only pretend to be
 * there are a hardware of their own, so that what they "measured" corrects no plan.
 */
export function hardwareName(gpuModel: string, isSimulated: boolean): string {
  const name = isKnownAccelerator(gpuModel) ? findAccelerator(gpuModel).name : gpuModel;
  return isSimulated ? `${name} (simulated)` : name;
}
