import type { Instant } from "../../../base/clock.ts";
import { Fault } from "../../../base/fault.ts";
import type { ModelRoute, RoutingTable } from "../routing-table.ts";
import { adaptersOf, explainUnknownModel } from "./unknown-model.ts";

/** What a model's name in a request stands for. */
export interface ModelTarget {
  readonly route: ModelRoute;
  /** The adapter (LoRA) to apply, by the name that it has at the upstream; null for the model itself. */
  readonly adapter: string | null;
  /** The version that the caller names; absent: the split chooses. */
  readonly versionId?: string;
}

/** A model in the list of those that a caller may use. */
export interface ListedModel {
  readonly id: string;
  /** The deployment whose adapter it is; null for a deployment itself. */
  readonly parent: string | null;
  /** When its deployment was made; null where nobody told it. */
  readonly createdAt: Instant | null;
}

/** Parts of a name: a deployment and one of its adapters. */
const separator = ":";

/** Parts of a name: a deployment and one of its versions. */
const versionSeparator = "@";

/** Finds the deployment behind the names that callers use; made once for each routing table. */
export class ModelDirectory {
  readonly #projects = new Map<string, Map<string, ModelTarget>>();
  readonly #listed = new Map<string, ListedModel[]>();
  readonly #routes = new Map<string, ModelRoute>();
  /** Deployments that speak another protocol, as `project/deployment`. */
  readonly #others = new Set<string>();
  /** Adapters that several deployments have, as `project/adapter`, with those deployments. */
  readonly #shared = new Map<string, string[]>();

  constructor(table: Pick<RoutingTable, "routes">) {
    const routes = table.routes
      .filter((route) => route.kind === "model")
      .filter((route) => route.protocol === "openai");
    for (const route of table.routes) {
      if (route.kind !== "model" || route.protocol !== "openai")
        this.#others.add(`${route.project}/${route.deployment}`);
    }
    for (const route of routes) {
      this.#add(route.project, route.deployment, { route, adapter: null });
      this.#routes.set(`${route.project}/${route.deployment}`, route);
    }
    for (const route of routes) {
      for (const { version, versionId, arm } of route.versions) {
        if (arm === "baseline") continue;
        const name = `${route.deployment}${versionSeparator}${version}`;
        this.#name(route.project, name, { route, adapter: null, versionId });
      }
      for (const adapter of adaptersOf(route)) {
        const target = { route, adapter };
        this.#add(route.project, `${route.deployment}${separator}${adapter}`, target);
        this.#addOwnName(target);
      }
    }
  }

  /**
   * @param name a deployment, `deployment@version`, `deployment:adapter`, or an adapter that only one deployment of the project has.
   * @throws {Fault} `serving.model-missing`.
   */
  resolve(project: string, name: string): ModelTarget {
    const target = this.#projects.get(project)?.get(name);
    if (target !== undefined) return target;
    const message = explainUnknownModel(name.slice(0, 200), project, {
      route: (deployment) => this.routeOf(project, deployment),
      takesTensors: this.#others.has(`${project}/${name}`),
      owners: this.#shared.get(`${project}/${name}`) ?? [],
      listed: this.list(project).map(({ id }) => id),
    });
    throw new Fault("serving.model-missing", message, { details: { param: "model" } });
  }

  /** The route of a deployment that speaks the OpenAI API. */
  routeOf(project: string, deployment: string): ModelRoute | undefined {
    return this.#routes.get(`${project}/${deployment}`);
  }

  /** The models of a project, each deployment followed by its adapters. */
  list(project: string): readonly ListedModel[] {
    return this.#listed.get(project) ?? [];
  }

  #add(project: string, name: string, target: ModelTarget): void {
    this.#name(project, name, target);
    const listed = this.#listed.get(project) ?? [];
    this.#listed.set(project, listed);
    listed.push(listedModel(name, target.route));
  }

  #name(project: string, name: string, target: ModelTarget): void {
    const names = this.#projects.get(project) ?? new Map<string, ModelTarget>();
    this.#projects.set(project, names);
    names.set(name, target);
  }

  /** An adapter's own name stands for it as long as nothing else has that name. */
  #addOwnName(target: ModelTarget): void {
    const { project, deployment } = target.route;
    const name = target.adapter ?? "";
    const names = this.#projects.get(project);
    if (names === undefined) return;
    const shared = this.#shared.get(`${project}/${name}`);
    if (shared !== undefined) {
      shared.push(deployment);
      return;
    }
    const other = names.get(name);
    if (other === undefined) {
      names.set(name, target);
      return;
    }
    if (other.adapter === null) return;
    this.#shared.set(`${project}/${name}`, [other.route.deployment, deployment]);
    names.delete(name);
  }
}

/** The name that a target has at a replica. */
export function upstreamModel(target: ModelTarget, replica: { readonly model: string }): string {
  return target.adapter ?? replica.model;
}

/** A deployment, or one of its adapters, by the name that callers use. */
export function listedModel(name: string, route: ModelRoute): ListedModel {
  return {
    id: name,
    parent: name === route.deployment ? null : route.deployment,
    createdAt: route.createdAt ?? null,
  };
}

/** A model as the OpenAI API lists it: `created` in seconds since 1970, 0 where nobody told it. */
export function modelJson(model: ListedModel, project: string): object {
  return {
    id: model.id,
    object: "model",
    created: Math.floor((model.createdAt ?? 0) / 1_000),
    owned_by: project,
    ...(model.parent === null ? {} : { parent: model.parent }),
  };
}
