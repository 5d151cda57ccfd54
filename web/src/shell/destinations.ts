import { type ResourceSummary, useResources } from "../api/resources.ts";
import { places } from "./places.ts";

/** Somewhere the palette can go. */
export interface Destination {
  readonly label: string;
  /** What it is, for people: `page`, `dataset in flights`. */
  readonly what: string;
  readonly path: string;
}

function ofResources(
  resources: readonly ResourceSummary[] | undefined,
  what: string,
  page: string,
): readonly Destination[] {
  return (resources ?? []).map((each) => ({
    label: each.name,
    what: `${what} in ${each.project ?? "the platform"}`,
    path: `${page}/${each.project ?? "-"}/${each.name}`,
  }));
}

/** Every page and resource that the palette knows. */
export function useDestinations(): readonly Destination[] {
  const datasets = useResources("datasets", undefined);
  const featureViews = useResources("feature-views", undefined);
  const models = useResources("models", undefined);
  const deployments = useResources("deployments", undefined);
  const monitors = useResources("drift-monitors", undefined);
  return [
    ...places.map((place) => ({ label: place.label, what: "page", path: place.path })),
    ...ofResources(datasets.data, "dataset", "/data"),
    ...ofResources(featureViews.data, "feature view", "/features"),
    ...ofResources(models.data, "model", "/models"),
    ...ofResources(deployments.data, "deployment", "/deployments"),
    ...ofResources(monitors.data, "drift monitor", "/drift"),
  ];
}
