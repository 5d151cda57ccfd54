import type { Instant } from "../base/clock.ts";
import { featureViewKind } from "../features/model.ts";
import type { Deployment, DeploymentNeeds } from "./deployment-needs.ts";
import { fillFingerprint, fillView } from "./fill-view.ts";
import type { OnlineView } from "./ports.ts";

/** Brings the rows of feature views into the online store before a deployment serves from them. */
export class OnlineFill {
  readonly #needs: Pick<DeploymentNeeds, "platform" | "store" | "gateway" | "materialisation">;

  constructor(needs: Pick<DeploymentNeeds, "platform" | "store" | "gateway" | "materialisation">) {
    this.#needs = needs;
  }

  /** All feature views as the gateway's store wants them. */
  async views(): Promise<readonly OnlineView[]> {
    const views = await this.#needs.platform.resources.list(featureViewKind);
    return views
      .filter((view) => view.deletingSince === null)
      .map((view) => ({ project: view.project ?? "", name: view.name, spec: view.spec }));
  }

  /**
   * The first of the deployment's views whose rows are still to be brought in; null when all are there.
   *
   * @param until the moment up to which rows are wanted; null: all that there are.
   */
  async unfilled(deployment: Deployment, until: Instant | null): Promise<OnlineView | null> {
    const project = deployment.project ?? "";
    for (const name of deployment.spec.features.views) {
      const view = await this.#needs.platform.resources.get(featureViewKind, project, name);
      if (view === undefined) continue;
      const online: OnlineView = { project, name, spec: view.spec };
      if ((await this.#needs.store.backfill(project, deployment.name, name)) !== fillFingerprint(online, until))
        return online;
    }
    return null;
  }

  /** Brings in the rows of one view. */
  async fill(view: OnlineView, deployment: Deployment, until: Instant | null, signal: AbortSignal): Promise<void> {
    const { gateway, materialisation, store, platform } = this.#needs;
    const newest = until ?? (await materialisation.newest(view.project, view.name, signal));
    const end = until ?? (newest === null ? platform.clock.now() : newest + 1);
    gateway.setViews(await this.views());
    const rows = await fillView(view, end, materialisation, gateway, signal);
    platform.log.info("online features filled", { project: view.project, view: view.name, rows, until: end });
    await store.markBackfilled(view.project, deployment.name, view.name, {
      fingerprint: fillFingerprint(view, until),
      rows,
      until: end,
    });
  }
}
