/** Where a node of a lineage leads, or null. Nodes are named `kind` and `label`, such as dataset `flights@3`. */
export function lineagePath(
  project: string,
  node: { readonly id: string; readonly kind: string; readonly label: string },
): string | null {
  const name = node.label.split("@")[0] ?? node.label;
  switch (node.kind) {
    case "dataset":
      return `/data/${project}/${name}`;
    case "feature-view":
      return `/features/${project}/${name}`;
    case "run":
      return `/runs/${project}/${node.id.replace(/^run[:/]/, "")}`;
    case "deployment":
      return `/deployments/${project}/${name}`;
    default:
      return null;
  }
}
