import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { tinyGguf } from "../../src/serving/fixtures/tiny-gguf.ts";

/*
 * Writes what the manifests of this folder serve into /tmp/millwright-toy: a toy language model with random weights, a toy ONNX model, and
 * a program that echoes. None of them knows anything; everything around them is real.
 */

const folder = "/tmp/millwright-toy";
const fixture = (name: string): string => fileURLToPath(new URL(`../../src/serving/fixtures/${name}`, import.meta.url));

mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}/toy.gguf`, tinyGguf());
copyFileSync(fixture("total.onnx"), `${folder}/total.onnx`);
copyFileSync(fileURLToPath(new URL("./echo-server.ts", import.meta.url)), `${folder}/echo-server.ts`);
process.stdout.write(`toys are in ${folder}\n`);
