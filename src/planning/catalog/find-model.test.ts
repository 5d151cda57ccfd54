import { expect, test } from "vitest";
import { findModel } from "./find-model.ts";

test.each([
  ["deepseek-ai/DeepSeek-V3", "DeepSeek-V3"],
  ["DeepSeekV3 (w/o MTP)", "DeepSeek-V3"],
  ["DeepSeekV3 (tokendrop)", "DeepSeek-V3"],
  ["meta-llama/Llama-3.1-70B-Instruct", "Llama-3.1-70B"],
])("%s is found as %s", (name, found) => {
  expect(findModel(name).name).toBe(found);
});
