import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { Fault } from "../../base/fault.ts";
import type { ObjectStore } from "../../platform/ports.ts";
import type { Tracking } from "../../tracking/ports.ts";
import { descriptionFile, looksLikeOnnx, modelFile, modelFolder, readModelDescription } from "../candidate-file.ts";
import type { CandidateModels, KeptModel } from "../ports.ts";

/** The longest `model.json` that is read. */
const descriptionBytesMax = 1024 * 1024;

/** Takes candidates out of the artifacts that runs logged. */
export function candidateArtifacts(tracking: Tracking, objects: ObjectStore): CandidateModels {
  return {
    async keep(candidate) {
      const artifacts = await tracking.artifacts(candidate.runId, modelFolder);
      const find = (path: string) => {
        const found = artifacts.find((artifact) => artifact.path === path);
        if (found !== undefined) return found;
        const seen =
          artifacts.length === 0 ? "no artifacts there" : artifacts.map((artifact) => artifact.path).join(", ");
        throw invalid(
          `the run logged no ${path} (found ${seen}); log it with mlflow.log_artifacts(folder, "${modelFolder}")`,
        );
      };
      const model = find(modelFile);
      const description = find(descriptionFile);
      if (description.bytes > descriptionBytesMax)
        throw invalid(`${descriptionFile} has ${description.bytes} bytes; at most ${descriptionBytesMax} are read`);
      const described = readModelDescription(await readText(objects, description.objectKey), candidate.features);
      if (described.kind === "invalid") throw invalid(described.problem);
      const kept = await copyModel(objects, model.objectKey, `models/${candidate.project}/${candidate.id}/model.onnx`);
      return { ...kept, inputs: described.inputs };
    },
  };
}

async function readText(objects: ObjectStore, key: string): Promise<string> {
  const { content } = await objects.get(key);
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString("utf8");
}

/** Copies the model to a key of the candidate's own: the run's artifact may be overwritten later, the copy not. */
async function copyModel(objects: ObjectStore, from: string, to: string): Promise<Omit<KeptModel, "inputs">> {
  const hash = createHash("sha256");
  const { content } = await objects.get(from);
  await objects.put(to, Readable.from(hashed(content, hash), { objectMode: false }));
  return { objectKey: to, sha256: hash.digest("hex") };
}

async function* hashed(content: Readable, hash: ReturnType<typeof createHash>): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const chunk of content as AsyncIterable<Uint8Array>) {
    if (isFirst && !looksLikeOnnx(chunk))
      throw invalid(`${modelFile} is no ONNX model; export it with skl2onnx or another exporter`);
    isFirst = false;
    hash.update(chunk);
    yield chunk;
  }
  if (isFirst) throw invalid(`${modelFile} is empty`);
}

function invalid(message: string): Fault {
  return new Fault("training.candidate-invalid", message);
}
