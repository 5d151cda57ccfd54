/** The name of a workload without the kind of its owner: `TrainingJob/segment` is `segment`. */
export function shortName(name: string): string {
  return name.replace(/^[A-Z][A-Za-z]*\//, "");
}
