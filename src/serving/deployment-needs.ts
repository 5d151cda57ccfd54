import type { Instant } from "../base/clock.ts";
import type { Workloads } from "../compute/ports.ts";
import type { Materialisation, OnlineFeatures } from "../features/ports.ts";
import type { Platform } from "../platform/platform.ts";
import type { Resource } from "../platform/resource.ts";
import type { ModelRegistry } from "../registry/ports.ts";
import type { DeploymentLoads } from "./autoscale/deployment-loads.ts";
import type { DeploymentStore } from "./deployment-store.ts";
import type { replicaCommand } from "./drivers/replica-command.ts";
import type { ReplicaSigns } from "./drivers/replica-folder.ts";
import type { ProbeResult } from "./external-plan.ts";
import type { Route } from "./gateway/routing-table.ts";
import type { DeploymentSpec, DeploymentStatus } from "./model.ts";
import type { OnlineView } from "./ports.ts";
import type { TrafficStore } from "./traffic-store.ts";

/** A deployment as it is kept. */
export type Deployment = Resource<DeploymentSpec, DeploymentStatus>;

/** The controller's hand on the gateway. */
export interface GatewayControl {
  routeOf(project: string, deployment: string): Route | undefined;
  publish(route: Route): Promise<void>;
  withdraw(project: string, deployment: string): Promise<void>;
  isIdle(replica: string, since: Instant): boolean;
  setViews(views: readonly OnlineView[]): void;
  readonly append: OnlineFeatures["append"];
}

/** What the controller works with. */
export interface DeploymentNeeds {
  readonly platform: Pick<Platform, "resources" | "clock" | "log" | "waker" | "objects">;
  readonly registry: Pick<ModelRegistry, "byAlias" | "get" | "setAlias" | "removeAlias">;
  readonly workloads: Pick<Workloads, "submit" | "list" | "cancel" | "taskFolder">;
  readonly materialisation: Materialisation;
  readonly gateway: GatewayControl;
  readonly gatewayUrl: () => string;
  readonly store: DeploymentStore;
  readonly traffic: TrafficStore;
  readonly loads: DeploymentLoads;
  readonly readReplicaFolder: (folder: string) => Promise<ReplicaSigns>;
  readonly replicaCommand: typeof replicaCommand;
  /** Asks what runs elsewhere whether it is ready. */
  readonly probe: (
    project: string,
    external: NonNullable<DeploymentSpec["external"]>,
    signal: AbortSignal,
  ) => Promise<ProbeResult>;
}
