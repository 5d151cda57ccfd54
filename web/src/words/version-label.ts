/** A version as pages write it: `v3` for a number, a name as it is. */
export function versionLabel(version: string): string {
  return /^\d/.test(version) ? `v${version}` : version;
}
