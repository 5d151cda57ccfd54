import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { EmptyState } from "./design/empty-state.tsx";
import { FailureNotice } from "./design/failure-notice.tsx";
import { DataPage } from "./pages/data/data-page.tsx";
import { DatasetPage } from "./pages/data/dataset-page.tsx";
import { FeatureViewPage } from "./pages/data/feature-view-page.tsx";
import { DeploymentPage } from "./pages/deployments/deployment-page.tsx";
import { DeploymentsPage } from "./pages/deployments/deployments-page.tsx";
import { DriftPage } from "./pages/drift/drift-page.tsx";
import { MonitorPage } from "./pages/drift/monitor-page.tsx";
import { EventsPage } from "./pages/events/events-page.tsx";
import { ModelPage } from "./pages/models/model-page.tsx";
import { ModelsPage } from "./pages/models/models-page.tsx";
import { VersionPage } from "./pages/models/version-page.tsx";
import { OverviewPage } from "./pages/overview/overview-page.tsx";
import { PlaygroundPage } from "./pages/playground/playground-page.tsx";
import { QueuePage } from "./pages/queue/queue-page.tsx";
import { ComparePage } from "./pages/runs/compare-page.tsx";
import { RunPage } from "./pages/runs/run-page.tsx";
import { RunsPage } from "./pages/runs/runs-page.tsx";
import { Layout } from "./shell/layout.tsx";
import { parseUrlState, type UrlState, writeUrlState } from "./words/url-state.ts";

const root = createRootRoute({
  component: Layout,
  validateSearch: (search: Record<string, unknown>): UrlState =>
    Object.fromEntries(
      Object.entries(search).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    ),
  errorComponent: ({ error }) => <FailureNotice error={error} />,
  notFoundComponent: NotFound,
});

function NotFound(): ReactNode {
  return (
    <EmptyState title="There is no such page">
      <Link to="/">Go to the overview</Link>
    </EmptyState>
  );
}

/** Loaded when it is opened: it brings the reader of YAML with it. */
const planningPage = lazyRouteComponent(() => import("./pages/planning/planning-page.tsx"), "PlanningPage");

const parent = { getParentRoute: () => root } as const;

const routes = root.addChildren([
  createRoute({ ...parent, path: "/", component: OverviewPage }),
  createRoute({ ...parent, path: "/queue", component: QueuePage }),
  createRoute({ ...parent, path: "/runs", component: RunsPage }),
  createRoute({ ...parent, path: "/compare", component: ComparePage }),
  createRoute({ ...parent, path: "/runs/$project/$runId", component: RunPage }),
  createRoute({ ...parent, path: "/data", component: DataPage }),
  createRoute({ ...parent, path: "/data/$project/$name", component: DatasetPage }),
  createRoute({ ...parent, path: "/features/$project/$name", component: FeatureViewPage }),
  createRoute({ ...parent, path: "/models", component: ModelsPage }),
  createRoute({ ...parent, path: "/models/$project/$name", component: ModelPage }),
  createRoute({ ...parent, path: "/models/$project/$name/$version", component: VersionPage }),
  createRoute({ ...parent, path: "/deployments", component: DeploymentsPage }),
  createRoute({ ...parent, path: "/deployments/$project/$name", component: DeploymentPage }),
  createRoute({ ...parent, path: "/deployments/$project/$name/playground", component: PlaygroundPage }),
  createRoute({ ...parent, path: "/drift", component: DriftPage }),
  createRoute({ ...parent, path: "/drift/$project/$name", component: MonitorPage }),
  createRoute({ ...parent, path: "/planning", component: planningPage }),
  createRoute({ ...parent, path: "/events", component: EventsPage }),
]);

/** The pages by address; the query of an address is plain texts. */
export const router = createRouter({
  routeTree: routes,
  parseSearch: (text) => ({ ...parseUrlState(text) }),
  stringifySearch: writeUrlState,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
