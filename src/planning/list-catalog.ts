import { listAccelerators } from "./catalog/find-accelerator.ts";
import { listModels } from "./catalog/find-model.ts";
import { modelParameters } from "./catalog/model-size.ts";
import { serverOffers } from "./cost/server-offers.ts";
import { kernelSetOf } from "./kernels/kernel-set.ts";

/** What a question may name: accelerators, models, and the servers that have a price. */
export function listCatalog() {
  return {
    accelerators: listAccelerators().map((each) => ({
      name: each.name,
      vendor: each.vendor,
      memoryGb: each.memoryGb,
      bf16Tflops: each.bf16Tflops,
      memoryGbPerSecond: each.memoryGbPerSecond,
      confidence: each.confidence,
      source: each.source,
      /** Whose kernels stand in where its own were not measured. */
      fallbacks: kernelSetOf(each, "bf16").fallbacks,
    })),
    models: listModels().map((each) => ({
      name: each.name,
      parameters: modelParameters(each),
      confidence: each.confidence,
      source: each.source,
    })),
    prices: serverOffers.map(({ gpu, gpusPerServer, serverUsdPerGpu, rentUsdPerGpuHour, confidence, source }) => {
      return { gpu, gpusPerServer, serverUsdPerGpu, rentUsdPerGpuHour, confidence, source };
    }),
  };
}
