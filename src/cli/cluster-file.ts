import { Fault } from "../base/fault.ts";
import type { ClusterFile } from "../scheduling/simulator/cluster/model.ts";
import { clusterFileSchema } from "../scheduling/simulator/model.ts";
import { type ManifestSource, readYaml } from "./manifest-yaml.ts";
import { schemaProblems } from "./schema-problems.ts";
import { type PlacedProblem, toYamlFault } from "./yaml-fault.ts";

/**
 * Reads the cluster of a simulation from YAML.
 *
 * @throws {Fault} `platform.yaml-invalid` with the place of everything that is wrong.
 */
export function readClusterFile(source: ManifestSource): ClusterFile {
  const { documents, problems } = readYaml(source);
  const [document, second] = documents;
  if (problems.length === 0 && (document === undefined || second !== undefined)) {
    const message = `${source.file}: wanted one document with pools of nodes, found ${documents.length}`;
    throw new Fault("platform.yaml-invalid", message);
  }
  const wrong = document === undefined ? problems : [...problems, ...checkCluster(document)];
  if (wrong.length > 0) throw toYamlFault(wrong.map((problem): PlacedProblem => ({ problem, source })));
  return clusterFileSchema.parse(document?.value);
}

function checkCluster(document: Parameters<typeof schemaProblems>[0]): ReturnType<typeof schemaProblems> {
  return schemaProblems(document, clusterFileSchema, "the cluster file");
}
