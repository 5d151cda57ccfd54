/** A file or folder right below a folder. */
export interface ArtifactEntry {
  /** The last part of its path. */
  readonly name: string;
  readonly isFolder: boolean;
  /** Null for folders. */
  readonly bytes: number | null;
}

/** Cuts objects below `folder` (a key without trailing slash) into its direct children, by name. */
export function listFolder(
  folder: string,
  objects: readonly { readonly key: string; readonly bytes: number }[],
): readonly ArtifactEntry[] {
  const prefix = `${folder}/`;
  const entries = new Map<string, ArtifactEntry>();
  for (const object of objects) {
    if (!object.key.startsWith(prefix)) continue;
    const [name = "", ...rest] = object.key.slice(prefix.length).split("/");
    entries.set(
      name,
      rest.length === 0 ? { name, isFolder: false, bytes: object.bytes } : { name, isFolder: true, bytes: null },
    );
  }
  return [...entries.values()].sort((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0));
}
