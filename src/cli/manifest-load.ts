import { Fault } from "../base/fault.ts";
import type { KindDefinition, Manifest } from "../platform/resource.ts";
import { checkManifest } from "./manifest-check.ts";
import { withAbsolutePaths } from "./manifest-path.ts";
import { type ManifestSource, readYaml } from "./manifest-yaml.ts";
import { type PlacedProblem, toYamlFault } from "./yaml-fault.ts";

/** A manifest that is ready to be sent, with the file that it came from. */
export interface LoadedManifest {
  readonly manifest: Manifest;
  readonly definition: KindDefinition;
  readonly file: string;
}

/**
 * Turns YAML sources into manifests in their order; all or nothing.
 *
 * @throws {Fault} `platform.yaml-invalid` with every problem's place, line and suggestion in the message.
 */
export function loadManifests(
  sources: readonly ManifestSource[],
  kinds: readonly KindDefinition[],
): readonly LoadedManifest[] {
  const problems: PlacedProblem[] = [];
  const loaded: LoadedManifest[] = [];
  for (const source of sources) {
    const reading = readYaml(source);
    for (const problem of reading.problems) problems.push({ problem, source });
    for (const document of reading.documents) {
      const checked = checkManifest(document, kinds);
      if (checked.kind === "invalid") problems.push(...checked.problems.map((problem) => ({ problem, source })));
      else {
        const manifest = withAbsolutePaths(checked.manifest, source.folder);
        loaded.push({ manifest, definition: checked.definition, file: source.file });
      }
    }
  }
  if (problems.length > 0) throw toYamlFault(problems);
  if (loaded.length === 0) {
    const files = sources.map((source) => source.file).join(", ");
    throw new Fault("platform.yaml-invalid", `${files}: no resource in it; write at least kind, name and spec`);
  }
  return loaded;
}
